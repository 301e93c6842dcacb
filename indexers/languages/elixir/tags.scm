; Definitions
((call target: (identifier) @_keyword . (_ . (alias) @name) . (do_block) @body) @definition.module
  (#eq? @_keyword "defmodule"))
((call target: (identifier) @_keyword . (_ . (alias) @name) . (_ . (unary_operator operand:
    (_ target: (identifier) @_attribute . (_ . (_ (quoted_content) @doc))))) @body) @definition.module
  (#eq? @_keyword "defmodule") (#eq? @_attribute "moduledoc"))
((call target: (identifier) @_keyword . (_ . (alias) @name) . (do_block) @body) @definition.interface
  (#eq? @_keyword "defprotocol"))
((call target: (identifier) @_keyword . (_ . (alias) @name) . (_ . (unary_operator operand:
    (_ target: (identifier) @_attribute . (_ . (_ (quoted_content) @doc))))) @body) @definition.interface
  (#eq? @_keyword "defprotocol") (#eq? @_attribute "moduledoc"))
((call target: (identifier) @_keyword . (_ . (alias) @name .) . (do_block) @body) @definition.impl
  (#eq? @_keyword "defimpl"))
((call target: (identifier) @_keyword . (_ . (alias) @parent (keywords (pair value: [(alias) (list)] @name))) . (do_block) @body)
  @definition.impl
  (#eq? @_keyword "defimpl"))

((call target: (identifier) @_keyword . (_ . [
    (_ target: (identifier) @name)
    (identifier) @name
    (_ left: [(_ target: (identifier) @name) (identifier) @name] operator: "when")] ("," @body (keywords))?)
  . (do_block)? @body) @definition.function
  (#match? @_keyword "^(def|defp|defguardp?|defdelegate|defnp?)$"))
((unary_operator operand: (_ target: (identifier) @_attribute . (_ . (_ (quoted_content) @doc))))
  . (unary_operator)* . (_ target: (identifier) @_keyword . (_ . [
    (_ target: (identifier) @name)
    (identifier) @name
    (_ left: [(_ target: (identifier) @name) (identifier) @name] operator: "when")] ("," @body (keywords))?)
  . (do_block)? @body) @definition.function
  (#eq? @_attribute "doc") (#match? @_keyword "^(def|defp|defguardp?|defdelegate|defnp?)$"))
((call target: (identifier) @_keyword . (_ . [
    (_ target: (identifier) @name)
    (identifier) @name
    (_ left: [(_ target: (identifier) @name) (identifier) @name] operator: "when")] ("," @body (keywords))?)
  . (do_block)? @body) @definition.macro
  (#match? @_keyword "^defmacrop?$"))
((unary_operator operand: (_ target: (identifier) @_attribute . (_ . (_ (quoted_content) @doc))))
  . (unary_operator)* . (_ target: (identifier) @_keyword . (_ . [
    (_ target: (identifier) @name)
    (identifier) @name
    (_ left: [(_ target: (identifier) @name) (identifier) @name] operator: "when")] ("," @body (keywords))?)
  . (do_block)? @body) @definition.macro
  (#eq? @_attribute "doc") (#match? @_keyword "^defmacrop?$"))

((unary_operator operand: (_ target: (identifier) @_attribute . (_
    (_ left: [(_ target: (identifier) @name) (identifier) @name] operator: "::")))) @definition.type
  (#match? @_attribute "^(typep?|opaque)$"))
((unary_operator operand: (_ target: (identifier) @_attribute . (_
    (_ left: (_ target: (identifier) @name) operator: "::")))) @definition.function
  (#match? @_attribute "^(macro)?callback$"))
((unary_operator operand: (_ target: (identifier) @_doc . (_ . (string (quoted_content) @doc))))
  . (unary_operator operand: (_ target: (identifier) @_attribute . (_
    (_ left: [(_ target: (identifier) @name) (identifier) @name] operator: "::")))) @definition.type
  (#eq? @_doc "typedoc") (#match? @_attribute "^(typep?|opaque)$"))
((unary_operator operand: (_ target: (identifier) @_doc . (_ . (string (quoted_content) @doc))))
  . (unary_operator operand: (_ target: (identifier) @_attribute . (_
    (_ left: (_ target: (identifier) @name) operator: "::")))) @definition.function
  (#eq? @_doc "doc") (#match? @_attribute "^(macro)?callback$"))
((call target: (identifier) @name . (_ [(list) (keywords)])) @definition.struct
  (#match? @name "^(defstruct|defexception)$"))
((do_block (unary_operator operator: "@" operand: (_ target: (identifier) @name !key . (_ . (_)))) @definition.constant)
  (#not-match? @name "^((module|type|short)?doc|spec|typep?|opaque|(macro)?callback|optional_callbacks|impl|behaviour|derive|enforce_keys|deprecated|dialyzer|compile|(before|after)_compile|on_(load|definition)|external_resource|fallback_to_any|(describe|module)?tag)$"))

((call target: (identifier) @_keyword . (_ . (string (quoted_content) @name)) . (do_block) @body) @definition.test
  (#match? @_keyword "^(test|property)$"))
((call target: (identifier) @_keyword . (_ . (string (quoted_content) @name)) . (do_block) @body) @definition.block
  (#eq? @_keyword "describe"))
((call target: (identifier) @_keyword . (_ . (string (quoted_content) @name)) . (do_block) @body) @definition.table
  (#eq? @_keyword "schema"))

; References: the head of a definition is a call in its arguments, so calls are looked for by where they stand
(call target: (dot right: (identifier) @reference.call))
(call target: (dot) (arguments (call target: (identifier) @reference.call)))
((call target: (identifier) @_keyword (arguments (call target: (identifier) @reference.call)))
  (#not-match? @_keyword "^def"))
([
    (do_block (_ target: (identifier) @reference.call !key))
    (else_block (_ target: (identifier) @reference.call !key))
    (after_block (_ target: (identifier) @reference.call !key))
    (body (_ target: (identifier) @reference.call !key))
    (block (_ target: (identifier) @reference.call !key))
  ]
  (#not-match? @reference.call "^(def[a-z]*|use|import|alias|require)$"))
(pair (_ target: (identifier) @reference.call !key))
(list (_ target: (identifier) @reference.call !key))
(tuple (_ target: (identifier) @reference.call !key))
(interpolation (_ target: (identifier) @reference.call !key))
(binary_operator left: (_ target: (identifier) @reference.call !key) operator: _ @_operator
  (#any-of? @_operator "|>" "=" "==" "+" "<>" "++" "and" "or"))
(binary_operator right: (_ target: (identifier) @reference.call !key))
(unary_operator operator: ["!" "not" "-" "^" "&"] operand: (_ target: (identifier) @reference.call !key))
(unary_operator operator: "&" operand: (_ left: (identifier) @reference.call operator: "/"))
(struct (alias) @reference.call)

((call target: (identifier) @_keyword . (_ . (alias) @reference.import))
  (#match? @_keyword "^(use|import|alias|require)$"))
((call target: (identifier) @_keyword
  . (_ . (dot left: (alias) @reference.import right: (tuple (alias) @reference.import))))
  (#eq? @_keyword "alias"))
((call target: (identifier) @_keyword . (_ . (alias) @reference.inherit))
  (#match? @_keyword "^(behaviour|defimpl)$"))
