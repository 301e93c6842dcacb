; Definitions
((call target: (identifier) @_keyword (arguments . (alias) @name) (do_block) @body) @definition.module
  (#eq? @_keyword "defmodule"))
((call target: (identifier) @_keyword (arguments . (alias) @name) (do_block
    . (unary_operator operand: (call target: (identifier) @_attribute (arguments . [(string (quoted_content) @doc) (sigil (quoted_content) @doc)])))) @body) @definition.module
  (#eq? @_keyword "defmodule") (#eq? @_attribute "moduledoc"))
((call target: (identifier) @_keyword (arguments . (alias) @name) (do_block) @body) @definition.interface
  (#eq? @_keyword "defprotocol"))
((call target: (identifier) @_keyword (arguments . (alias) @name) (do_block
    . (unary_operator operand: (call target: (identifier) @_attribute (arguments . [(string (quoted_content) @doc) (sigil (quoted_content) @doc)])))) @body) @definition.interface
  (#eq? @_keyword "defprotocol") (#eq? @_attribute "moduledoc"))
((call target: (identifier) @_keyword (arguments . (alias) @name .) (do_block) @body) @definition.impl
  (#eq? @_keyword "defimpl"))
((call target: (identifier) @_keyword (arguments . (alias) @parent (keywords (pair value: (alias) @name))) (do_block) @body)
  @definition.impl
  (#eq? @_keyword "defimpl"))

((call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] .) (do_block)? @body) @definition.function
  (#match? @_keyword "^(def|defp|defguardp?|defdelegate|defnp?)$"))
((unary_operator operand: (call target: (identifier) @_attribute
    (arguments . [(string (quoted_content) @doc) (sigil (quoted_content) @doc)])))
  . (unary_operator)* . (call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] .) (do_block)? @body) @definition.function
  (#eq? @_attribute "doc") (#match? @_keyword "^(def|defp|defguardp?|defdelegate|defnp?)$"))
((call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] "," @body (keywords))) @definition.function
  (#match? @_keyword "^(def|defp|defguardp?|defdelegate|defnp?)$"))
((unary_operator operand: (call target: (identifier) @_attribute
    (arguments . [(string (quoted_content) @doc) (sigil (quoted_content) @doc)])))
  . (unary_operator)* . (call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] "," @body (keywords))) @definition.function
  (#eq? @_attribute "doc") (#match? @_keyword "^(def|defp|defguardp?|defdelegate|defnp?)$"))
((call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] .) (do_block)? @body) @definition.macro
  (#match? @_keyword "^(defmacrop?)$"))
((unary_operator operand: (call target: (identifier) @_attribute
    (arguments . [(string (quoted_content) @doc) (sigil (quoted_content) @doc)])))
  . (unary_operator)* . (call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] .) (do_block)? @body) @definition.macro
  (#eq? @_attribute "doc") (#match? @_keyword "^(defmacrop?)$"))
((call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] "," @body (keywords))) @definition.macro
  (#match? @_keyword "^(defmacrop?)$"))
((unary_operator operand: (call target: (identifier) @_attribute
    (arguments . [(string (quoted_content) @doc) (sigil (quoted_content) @doc)])))
  . (unary_operator)* . (call target: (identifier) @_keyword (arguments . [
    (call target: (identifier) @name)
    (identifier) @name
    (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")] "," @body (keywords))) @definition.macro
  (#eq? @_attribute "doc") (#match? @_keyword "^(defmacrop?)$"))

((unary_operator operand: (call target: (identifier) @_attribute (arguments (binary_operator
  left: [(call target: (identifier) @name) (identifier) @name] operator: "::")))) @definition.type
  (#match? @_attribute "^(typep?|opaque)$"))
((unary_operator operand: (call target: (identifier) @_attribute (arguments (binary_operator
  left: (call target: (identifier) @name) operator: "::")))) @definition.function
  (#match? @_attribute "^(macro)?callback$"))
((unary_operator operand: (call target: (identifier) @_doc (arguments . (string (quoted_content) @doc))))
  . (unary_operator operand: (call target: (identifier) @_attribute (arguments (binary_operator
    left: [(call target: (identifier) @name) (identifier) @name] operator: "::")))) @definition.type
  (#eq? @_doc "typedoc") (#match? @_attribute "^(typep?|opaque)$"))
((unary_operator operand: (call target: (identifier) @_doc (arguments . (string (quoted_content) @doc))))
  . (unary_operator operand: (call target: (identifier) @_attribute (arguments (binary_operator
    left: (call target: (identifier) @name) operator: "::")))) @definition.function
  (#eq? @_doc "doc") (#match? @_attribute "^(macro)?callback$"))
((call target: (identifier) @name (arguments [(list) (keywords)])) @definition.struct
  (#match? @name "^(defstruct|defexception)$"))
((do_block (unary_operator operator: "@" operand: (call target: (identifier) @name (arguments . (_)))) @definition.constant)
  (#not-match? @name "^((module|type|short)?doc|spec|typep?|opaque|(macro)?callback|optional_callbacks|impl|behaviour|derive|enforce_keys|deprecated|dialyzer|compile|(before|after)_compile|on_(load|definition)|external_resource|fallback_to_any|(describe|module)?tag)$"))

((call target: (identifier) @_keyword (arguments . (string (quoted_content) @name)) (do_block) @body) @definition.test
  (#match? @_keyword "^(test|property)$"))
((call target: (identifier) @_keyword (arguments . (string (quoted_content) @name)) (do_block) @body) @definition.block
  (#match? @_keyword "^(describe)$"))
((call target: (identifier) @_keyword (arguments . (string (quoted_content) @name)) (do_block) @body) @definition.table
  (#match? @_keyword "^(schema)$"))

; References: the head of a definition is a call in its arguments, so calls are looked for by where they stand
(call target: (dot right: (identifier) @reference.call))
(call target: (dot) (arguments (call target: (identifier) @reference.call)))
((call target: (identifier) @_keyword (arguments (call target: (identifier) @reference.call)))
  (#not-match? @_keyword "^def"))
((do_block (call target: (identifier) @reference.call))
  (#not-match? @reference.call "^(def[a-z]*|use|import|alias|require)$"))
((else_block (call target: (identifier) @reference.call))
  (#not-match? @reference.call "^(def[a-z]*|use|import|alias|require)$"))
((after_block (call target: (identifier) @reference.call))
  (#not-match? @reference.call "^(def[a-z]*|use|import|alias|require)$"))
((body (call target: (identifier) @reference.call))
  (#not-match? @reference.call "^(def[a-z]*|use|import|alias|require)$"))
((block (call target: (identifier) @reference.call))
  (#not-match? @reference.call "^(def[a-z]*|use|import|alias|require)$"))
(pair (call target: (identifier) @reference.call))
(list (call target: (identifier) @reference.call))
(tuple (call target: (identifier) @reference.call))
(interpolation (call target: (identifier) @reference.call))
(binary_operator left: (call target: (identifier) @reference.call) operator: ["|>" "=" "==" "+" "<>" "++" "and" "or"])
(binary_operator right: (call target: (identifier) @reference.call))
(unary_operator operator: ["!" "not" "-" "^" "&"] operand: (call target: (identifier) @reference.call))
(unary_operator operator: "&" operand: (binary_operator left: (identifier) @reference.call operator: "/"))
(struct (alias) @reference.call)

((call target: (identifier) @_keyword (arguments . (alias) @reference.import))
  (#match? @_keyword "^(use|import|alias|require)$"))
((call target: (identifier) @_keyword
  (arguments . (dot left: (alias) @reference.import right: (tuple (alias) @reference.import))))
  (#eq? @_keyword "alias"))
((call target: (identifier) @_keyword (arguments . (alias) @reference.inherit))
  (#match? @_keyword "^(behaviour|defimpl)$"))
