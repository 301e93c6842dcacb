; Functions; what has a value, a body or parameters is known by that: a named node type takes longer to compile
(function_declaration name: (identifier) @name) @definition.function
(generator_function_declaration name: (identifier) @name) @definition.function
(export_statement "default" @name value: [
  (_ !name body: (statement_block) @body)
  (_ "=>" body: (_) @body)]) @definition.function

(class_declaration name: (identifier) @name) @definition.class
(export_statement "default" @name value: (_ !name body: (class_body) @body)) @definition.class

; Functions and classes held by a variable: any at the top of a file, named blocks of code elsewhere
(program [
  (lexical_declaration (_ name: (identifier) @name value: (_ "=>" body: (_) @body)))
  (export_statement (lexical_declaration (_ name: (identifier) @name value: (_ "=>" body: (_) @body))))
] @definition.function)
[
  (lexical_declaration (_ name: (identifier) @name value: (_ body: (statement_block) @body)))
  (variable_declaration (_ name: (identifier) @name value: (_ body: (statement_block) @body)))
] @definition.function
(lexical_declaration (_ name: (identifier) @name value: (_ body: (class_body) @body))) @definition.class

; Wrapped components: const Button = memo(function () {})
(program [
  (lexical_declaration (_ name: (identifier) @name value: (_ function: (_) arguments: (_ . (_ body: (_) @body)))))
  (export_statement (lexical_declaration (_ name: (identifier) @name
    value: (_ function: (_) arguments: (_ . (_ body: (_) @body))))))
] @definition.function
  (#match? @name "^[A-Z].*[a-z]"))

; Functions assigned to a property
((expression_statement (_
  left: (_
    object: (_ object: (identifier) @parent property: (property_identifier))
    property: (property_identifier) @name)
  "=" right: (_ body: (_) @body))) @definition.method
  (#match? @definition.method "^[\\w$]+\\.prototype\\."))
(program (expression_statement (_
  left: (_ object: (identifier) @parent property: (property_identifier) @name)
  "=" right: (_ body: (_) @body))) @definition.function
  (#not-match? @parent "^(exports|module)$"))
(program (expression_statement (_
  left: (_ property: (property_identifier) @name)
  "=" right: (_ body: (_) @body))) @definition.function
  (#match? @definition.function "^(module\\.)?exports\\."))

; Members
(method_definition name: (_) @name) @definition.method
(object (_ key: (property_identifier) @name value: (_ body: (statement_block) @body)) @definition.method)
(field_definition property: (_) @name value: (_ body: (_) @body)) @definition.method
(field_definition property: (_) @name value: (_ !body)) @definition.field
(field_definition property: (_) @name !value) @definition.field
(variable_declarator value: (object (_
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
(assignment_expression right: (object (_
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
(export_statement value: (object (_
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))

; Values at the top of a file; what require() returns is an import
(program [
  (lexical_declaration kind: "const" . (_ name: (identifier) @name value: [
    (_ !body !function)
    (_ function: (_) arguments: [(_ . (_ !body)) (_ . "(" . ")") (template_string)])]) .)
  (export_statement (lexical_declaration kind: "const" . (_ name: (identifier) @name value: [
    (_ !body !function)
    (_ function: (_) arguments: [(_ . (_ !body)) (_ . "(" . ")") (template_string)])]) .))
] @definition.constant
  (#not-match? @definition.constant "^const\\s[^=]*=\\s*(await\\s+import|require)\\("))
(program [
  (lexical_declaration kind: "const" . (_ name: (identifier) @name
    value: (_ function: (_) arguments: (_ . (_ body: (_))))) .)
  (export_statement (lexical_declaration kind: "const" . (_ name: (identifier) @name
    value: (_ function: (_) arguments: (_ . (_ body: (_))))) .))
] @definition.constant
  (#not-match? @name "^[A-Z].*[a-z]"))
(program [
  (lexical_declaration kind: "let" . (_ name: (identifier) @name value: (_ !body)) .)
  (lexical_declaration kind: "let" . (_ name: (identifier) @name !value) .)
  (variable_declaration . (_ name: (identifier) @name value: (_ !body)) .)
  (variable_declaration . (_ name: (identifier) @name !value) .)
  (export_statement (lexical_declaration kind: "let" . (_ name: (identifier) @name value: (_ !body)) .))
  (export_statement (lexical_declaration kind: "let" . (_ name: (identifier) @name !value) .))
] @definition.variable
  (#not-match? @definition.variable "^(var|let)\\s[^=]*=\\s*(\\w+\\()?require\\("))
(export_statement "default" @name value: [(object) (call_expression)]) @definition.constant

; Several values in one declaration each stand for themselves
(program [
  (lexical_declaration kind: "const" (_ name: (identifier) @name value: (_ !body)) @definition.constant)
  (export_statement (lexical_declaration kind: "const"
    (_ name: (identifier) @name value: (_ !body)) @definition.constant))
]
  (#not-match? @definition.constant "^[^=]*=\\s*(await\\s+import|require)\\("))
(program [
  (lexical_declaration kind: "let" (_ name: (identifier) @name) @definition.variable)
  (variable_declaration (_ name: (identifier) @name) @definition.variable)
  (export_statement (lexical_declaration kind: "let" (_ name: (identifier) @name) @definition.variable))
]
  (#not-match? @definition.variable "^[^=]*=\\s*(\\w+\\()?require\\("))
; Names taken out of a value; what require() returns is an import
(program [
  (lexical_declaration kind: "const" (_ name: [
    (array_pattern [(identifier) @name (assignment_pattern left: (identifier) @name) (rest_pattern (identifier) @name)])
    (object_pattern [
      (shorthand_property_identifier_pattern) @name
      (object_assignment_pattern left: (_) @name)
      (rest_pattern (identifier) @name)
      (pair_pattern value: [
        (identifier) @name
        (assignment_pattern left: (identifier) @name)
        (object_pattern (shorthand_property_identifier_pattern) @name)])])]))
  (export_statement (lexical_declaration kind: "const" (_ name: [
    (array_pattern [(identifier) @name (assignment_pattern left: (identifier) @name) (rest_pattern (identifier) @name)])
    (object_pattern [
      (shorthand_property_identifier_pattern) @name
      (object_assignment_pattern left: (_) @name)
      (rest_pattern (identifier) @name)
      (pair_pattern value: [
        (identifier) @name
        (assignment_pattern left: (identifier) @name)
        (object_pattern (shorthand_property_identifier_pattern) @name)])])])))
] @definition.constant
  (#not-match? @definition.constant "^[^=]*=\\s*(await\\s+import|require)\\("))
(program [
  (lexical_declaration kind: "let" (_ name: [
    (array_pattern [(identifier) @name (assignment_pattern left: (identifier) @name) (rest_pattern (identifier) @name)])
    (object_pattern [
      (shorthand_property_identifier_pattern) @name
      (object_assignment_pattern left: (_) @name)
      (rest_pattern (identifier) @name)
      (pair_pattern value: [
        (identifier) @name
        (assignment_pattern left: (identifier) @name)
        (object_pattern (shorthand_property_identifier_pattern) @name)])])]))
  (export_statement (lexical_declaration kind: "let" (_ name: [
    (array_pattern [(identifier) @name (assignment_pattern left: (identifier) @name) (rest_pattern (identifier) @name)])
    (object_pattern [
      (shorthand_property_identifier_pattern) @name
      (object_assignment_pattern left: (_) @name)
      (rest_pattern (identifier) @name)
      (pair_pattern value: [
        (identifier) @name
        (assignment_pattern left: (identifier) @name)
        (object_pattern (shorthand_property_identifier_pattern) @name)])])])))
] @definition.variable)

; Tests by their titles
((expression_statement (_ function: (_) arguments: (_ . [(string) (template_string)] @name . [
  (_ "=>" body: (_) @body)
  (function_expression body: (_) @body)]))) @definition.test
  (#match? @definition.test "^(describe|context|suite|it|test|specify|bench)\\b"))

; References
(call_expression function: [
  (identifier) @reference.call
  (_ property: [(property_identifier) (private_property_identifier)] @reference.call)])
(new_expression constructor: [(identifier) @reference.call (_ property: (property_identifier) @reference.call)])
(decorator [(identifier) @reference.call (_ property: (property_identifier) @reference.call)])
(jsx_opening_element name: [(identifier) @reference.call (_ property: (property_identifier) @reference.call)]
  (#match? @reference.call "^[A-Z]"))
(jsx_self_closing_element name: [(identifier) @reference.call (_ property: (property_identifier) @reference.call)]
  (#match? @reference.call "^[A-Z]"))

(class_heritage [
  (identifier) @reference.inherit
  (_ property: (property_identifier) @reference.inherit)
  (_ function: (_) arguments: (_ (identifier) @reference.inherit))])

(import_statement source: (_ (string_fragment) @reference.import))
(import_clause (identifier) @reference.import)
(import_specifier name: (identifier) @reference.import)
(export_statement source: (_ (string_fragment) @reference.import))
(export_statement (export_clause (_ name: (identifier) @reference.import)) source: (_))
((call_expression
  function: (identifier) @reference.call
  arguments: (_ . (string (string_fragment) @reference.import) .))
  (#eq? @reference.call "require"))
(variable_declarator
  name: (object_pattern [
    (shorthand_property_identifier_pattern) @reference.import
    (_ key: (property_identifier) @reference.import)])
  value: (_ function: (identifier) @reference.call)
  (#eq? @reference.call "require"))
(call_expression
  function: (import)
  arguments: (_ . (string (string_fragment) @reference.import)))
