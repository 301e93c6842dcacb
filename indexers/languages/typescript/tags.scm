; Functions; what has a value, a body or parameters is known by that: a named node type takes longer to compile
(function_declaration name: (identifier) @name) @definition.function
(generator_function_declaration name: (identifier) @name) @definition.function
(function_signature name: (identifier) @name) @definition.function
(export_statement "default" @name value: [
  (_ !name body: (statement_block) @body)
  (_ "=>" body: (_) @body)]) @definition.function

; Types
(class_declaration name: (type_identifier) @name) @definition.class
(abstract_class_declaration name: (type_identifier) @name) @definition.class
(export_statement "default" @name value: (_ !name body: (class_body) @body)) @definition.class
(interface_declaration name: (type_identifier) @name) @definition.interface
(enum_declaration name: (identifier) @name) @definition.enum
(type_alias_declaration name: (type_identifier) @name) @definition.type
(internal_module name: (_) @name body: (_)) @definition.module
(ambient_declaration (module name: (_) @name body: (_)) @definition.module)
(ambient_declaration "global" @name (statement_block) @body) @definition.module

; Functions and classes held by a variable: any at the top of a file, named blocks of code elsewhere
(program (lexical_declaration (_ name: (identifier) @name value: (_ "=>" body: (_) @body))) @definition.function)
(export_statement (lexical_declaration (_ name: (identifier) @name value: (_ "=>" body: (_) @body))) @definition.function)
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

; Members
(method_definition name: (_) @name) @definition.method
(object (_ key: (property_identifier) @name value: (_ body: (statement_block) @body)) @definition.method)
(class_body (method_signature name: (_) @name) @definition.method)
(abstract_method_signature name: (_) @name) @definition.method
(public_field_definition name: (_) @name value: (_ body: (_) @body)) @definition.method
(public_field_definition name: (_) @name value: (_ !body)) @definition.field
(public_field_definition name: (_) @name !value) @definition.field
(interface_body (method_signature name: (_) @name) @definition.method)
(interface_body (property_signature name: (_) @name) @definition.property)
(type_alias_declaration value: [
  (object_type (method_signature name: (_) @name) @definition.method)
  (object_type (property_signature name: (_) @name) @definition.property)
  (intersection_type (object_type (method_signature name: (_) @name) @definition.method))
  (intersection_type (object_type (property_signature name: (_) @name) @definition.property))])
(enum_body name: (_) @name @definition.field)
(enum_body (_ name: (_) @name) @definition.field)
(variable_declarator value: [
  (object (_ key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method)
  (_ (object (_ key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method) . ["as" "satisfies"])])
(assignment_expression right: (object (_
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
(export_statement value: [
  (object (_ key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method)
  (_ (object (_ key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method) . "satisfies")])

; Values at the top of a file or namespace; what require() returns is an import
(program (lexical_declaration kind: "const" . (_ name: (identifier) @name value: [
  (_ !body !function)
  (_ function: (_) arguments: [(_ . (_ !body)) (_ . "(" . ")") (template_string)])]) .) @definition.constant
  (#not-match? @definition.constant "^const\\s[^=]*=\\s*(await\\s+import|require)\\("))
(export_statement (lexical_declaration kind: "const" . (_ name: (identifier) @name value: [
  (_ !body !function)
  (_ function: (_) arguments: [(_ . (_ !body)) (_ . "(" . ")") (template_string)])]) .) @definition.constant)
(ambient_declaration (lexical_declaration kind: "const" (_ name: (identifier) @name)) @definition.constant)
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
] @definition.variable)
(export_statement (lexical_declaration kind: "let" . (_ name: (identifier) @name) .) @definition.variable)
(ambient_declaration [
  (lexical_declaration kind: "let" . (_ name: (identifier) @name) .)
  (variable_declaration . (_ name: (identifier) @name) .)
] @definition.variable)
(export_statement "default" @name value: [(object) (call_expression) (as_expression) (satisfies_expression)]) @definition.constant

; Several values in one declaration each stand for themselves
(program [
  (lexical_declaration kind: "const" (_ name: (identifier) @name value: (_ !body)) @definition.constant)
  (export_statement (lexical_declaration kind: "const"
    (_ name: (identifier) @name value: (_ !body)) @definition.constant))
]
  (#not-match? @definition.constant "^[^=]*=\\s*(await\\s+import|require)\\("))
(program [
  (lexical_declaration kind: "let" (_ name: (identifier) @name) @definition.variable)
  (variable_declaration (_ name: (identifier) @name) @definition.variable)])
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
  (_ property: [(property_identifier) (private_property_identifier)] @reference.call)
  (non_null_expression [(identifier) @reference.call (_ property: (property_identifier) @reference.call)])])
(new_expression constructor: [(identifier) @reference.call (_ property: (property_identifier) @reference.call)])
(decorator [(identifier) @reference.call (_ property: (property_identifier) @reference.call)])

(extends_clause value: [
  (identifier) @reference.inherit
  (_ property: (property_identifier) @reference.inherit)
  (_ function: (_) arguments: (_ (identifier) @reference.inherit))])
(implements_clause [
  (type_identifier) @reference.inherit
  (_ name: [(type_identifier) @reference.inherit (_ name: (type_identifier) @reference.inherit)])])
(extends_type_clause type: [
  (type_identifier) @reference.inherit
  (_ name: [(type_identifier) @reference.inherit (_ name: (type_identifier) @reference.inherit)])])

(import_statement source: (_ (string_fragment) @reference.import))
(import_require_clause source: (_ (string_fragment) @reference.import))
(import_clause (identifier) @reference.import)
(import_specifier name: (identifier) @reference.import)
(export_statement source: (_ (string_fragment) @reference.import))
(export_statement (export_clause (_ name: (identifier) @reference.import)) source: (_))
((call_expression
  function: (identifier) @reference.call
  arguments: (_ . (string (string_fragment) @reference.import) .))
  (#eq? @reference.call "require"))
(call_expression
  function: (import)
  arguments: (_ . (string (string_fragment) @reference.import)))
