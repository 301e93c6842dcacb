; Functions; an export statement or `declare` around a definition belongs to it
[
  (function_declaration name: (identifier) @name body: (_) @body)
  (generator_function_declaration name: (identifier) @name body: (_) @body)
  (function_signature name: (identifier) @name)
  (ambient_declaration (function_signature name: (identifier) @name))
  (export_statement declaration: [
    (function_declaration name: (identifier) @name body: (_) @body)
    (generator_function_declaration name: (identifier) @name body: (_) @body)
    (function_signature name: (identifier) @name)
    (ambient_declaration (function_signature name: (identifier) @name))])
  (export_statement "default" @name value: [
    (function_expression !name body: (_) @body)
    (generator_function !name body: (_) @body)
    (arrow_function body: (_) @body)])
] @definition.function

; Types
[
  (class_declaration name: (type_identifier) @name body: (_) @body)
  (abstract_class_declaration name: (type_identifier) @name body: (_) @body)
  (ambient_declaration [
    (class_declaration name: (type_identifier) @name body: (_) @body)
    (abstract_class_declaration name: (type_identifier) @name body: (_) @body)])
  (export_statement declaration: [
    (class_declaration name: (type_identifier) @name body: (_) @body)
    (abstract_class_declaration name: (type_identifier) @name body: (_) @body)
    (ambient_declaration [
      (class_declaration name: (type_identifier) @name body: (_) @body)
      (abstract_class_declaration name: (type_identifier) @name body: (_) @body)])])
  (export_statement "default" @name value: (class !name body: (_) @body))
] @definition.class

[
  (interface_declaration name: (type_identifier) @name body: (_) @body)
  (ambient_declaration (interface_declaration name: (type_identifier) @name body: (_) @body))
  (export_statement declaration: [
    (interface_declaration name: (type_identifier) @name body: (_) @body)
    (ambient_declaration (interface_declaration name: (type_identifier) @name body: (_) @body))])
] @definition.interface

[
  (enum_declaration name: (identifier) @name body: (_) @body)
  (ambient_declaration (enum_declaration name: (identifier) @name body: (_) @body))
  (export_statement declaration: [
    (enum_declaration name: (identifier) @name body: (_) @body)
    (ambient_declaration (enum_declaration name: (identifier) @name body: (_) @body))])
] @definition.enum

[
  (type_alias_declaration name: (type_identifier) @name)
  (ambient_declaration (type_alias_declaration name: (type_identifier) @name))
  (export_statement declaration: [
    (type_alias_declaration name: (type_identifier) @name)
    (ambient_declaration (type_alias_declaration name: (type_identifier) @name))])
] @definition.type

[
  (internal_module name: (_) @name body: (_) @body)
  (expression_statement (internal_module name: (_) @name body: (_) @body))
  (ambient_declaration [
    (internal_module name: (_) @name body: (_) @body)
    (module name: (_) @name body: (_) @body)])
  (ambient_declaration "global" @name (statement_block) @body)
  (export_statement declaration: [
    (internal_module name: (_) @name body: (_) @body)
    (ambient_declaration [
      (internal_module name: (_) @name body: (_) @body)
      (module name: (_) @name body: (_) @body)])])
] @definition.module

; Functions and classes held by a variable: any at the top of a file, named blocks of code elsewhere
(program (lexical_declaration
  (variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body))) @definition.function)
(export_statement declaration: (lexical_declaration
  (variable_declarator name: (identifier) @name value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)]))) @definition.function
[
  (lexical_declaration (variable_declarator name: (identifier) @name value: [
    (arrow_function body: (statement_block) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)]))
  (variable_declaration (variable_declarator name: (identifier) @name value: [
    (arrow_function body: (statement_block) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)]))
] @definition.function
[
  (lexical_declaration (variable_declarator name: (identifier) @name value: (class body: (_) @body)))
  (export_statement declaration: (lexical_declaration
    (variable_declarator name: (identifier) @name value: (class body: (_) @body))))
] @definition.class

; Wrapped components: const Button = memo(function () {})
(program [
  (lexical_declaration (variable_declarator name: (identifier) @name
    value: (call_expression arguments: (arguments . (_ body: (_) @body)))))
  (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name
    value: (call_expression arguments: (arguments . (_ body: (_) @body))))))
] @definition.function
  (#match? @name "^[A-Z].*[a-z]"))

; Functions assigned to a property
((expression_statement (assignment_expression
  left: (member_expression
    object: (member_expression object: (identifier) @parent property: (property_identifier))
    property: (property_identifier) @name)
  right: (_ body: (_) @body))) @definition.method
  (#match? @definition.method "^[\\w$]+\\.prototype\\."))
(program (expression_statement (assignment_expression
  left: (member_expression object: (identifier) @parent property: (property_identifier) @name)
  right: (_ body: (_) @body))) @definition.function
  (#not-match? @parent "^(exports|module)$"))

; Members
(class_body [
  (method_definition
    name: [(property_identifier) (private_property_identifier) (string) (computed_property_name)] @name body: (_) @body)
  (method_signature
    name: [(property_identifier) (private_property_identifier) (string) (computed_property_name)] @name)
  (abstract_method_signature
    name: [(property_identifier) (private_property_identifier) (string) (computed_property_name)] @name)
  (public_field_definition name: (_) @name value: (_ body: (_) @body))
] @definition.method)
(class_body [
  (public_field_definition name: (_) @name value: (_ !body))
  (public_field_definition name: (_) @name !value)
] @definition.field)
(interface_body (method_signature name: (_) @name) @definition.method)
(interface_body (property_signature name: (_) @name) @definition.property)
(type_alias_declaration value: [
  (object_type (method_signature name: (_) @name) @definition.method)
  (object_type (property_signature name: (_) @name) @definition.property)
  (intersection_type (object_type (method_signature name: (_) @name) @definition.method))
  (intersection_type (object_type (property_signature name: (_) @name) @definition.property))])
(enum_body name: (_) @name @definition.field)
(enum_body (enum_assignment name: (_) @name) @definition.field)
(object (method_definition name: (_) @name body: (_) @body) @definition.method)
(variable_declarator value: [
  (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method)
  (satisfies_expression (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
  (as_expression (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))])
(assignment_expression right: (object (pair
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
(export_statement value: [
  (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method)
  (satisfies_expression (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))])

; Values at the top of a file or namespace; what require() returns is an import
(program (lexical_declaration kind: "const" . (variable_declarator name: (identifier) @name value: [
  (_ !body !function)
  (call_expression arguments: [(arguments . (_ !body)) (arguments . "(" . ")") (template_string)])]) .) @definition.constant
  (#not-match? @definition.constant "^const\\s[^=]*=\\s*(await\\s+import|require)\\("))
(export_statement declaration: (lexical_declaration kind: "const" . (variable_declarator name: (identifier) @name value: [
  (_ !body !function)
  (call_expression arguments: [(arguments . (_ !body)) (arguments . "(" . ")") (template_string)])]) .)) @definition.constant
[
  (ambient_declaration (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name)))
  (export_statement declaration:
    (ambient_declaration (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name))))
] @definition.constant
(program [
  (lexical_declaration kind: "const" . (variable_declarator name: (identifier) @name
    value: (call_expression arguments: (arguments . (_ body: (_))))) .)
  (export_statement declaration: (lexical_declaration kind: "const" . (variable_declarator name: (identifier) @name
    value: (call_expression arguments: (arguments . (_ body: (_))))) .))
] @definition.constant
  (#not-match? @name "^[A-Z].*[a-z]"))
(program [
  (lexical_declaration kind: "let" . (variable_declarator name: (identifier) @name value: (_ !body)) .)
  (lexical_declaration kind: "let" . (variable_declarator name: (identifier) @name !value) .)
  (variable_declaration . (variable_declarator name: (identifier) @name value: (_ !body)) .)
  (variable_declaration . (variable_declarator name: (identifier) @name !value) .)
] @definition.variable)
[
  (export_statement declaration: (lexical_declaration kind: "let" . (variable_declarator name: (identifier) @name) .))
  (ambient_declaration [
    (lexical_declaration kind: "let" . (variable_declarator name: (identifier) @name) .)
    (variable_declaration . (variable_declarator name: (identifier) @name) .)])
] @definition.variable
(export_statement "default" @name value: [(object) (call_expression) (as_expression) (satisfies_expression)]) @definition.constant

; Several values in one declaration each stand for themselves
(program [
  (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name value: (_ !body)) @definition.constant)
  (export_statement declaration: (lexical_declaration kind: "const"
    (variable_declarator name: (identifier) @name value: (_ !body)) @definition.constant))
]
  (#not-match? @definition.constant "^[^=]*=\\s*(await\\s+import|require)\\("))
(program [
  (lexical_declaration kind: "let" (variable_declarator name: (identifier) @name) @definition.variable)
  (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable)])
(export_statement declaration: (lexical_declaration (variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @name)))) @definition.constant

; Tests by their titles
((expression_statement (call_expression
  arguments: (arguments . [(string) (template_string)] @name . [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)]))) @definition.test
  (#match? @definition.test "^(describe|context|suite|it|test|specify|bench)\\b"))

; References
(call_expression function: [
  (identifier) @reference.call
  (member_expression property: [(property_identifier) (private_property_identifier)] @reference.call)
  (non_null_expression (identifier) @reference.call)
  (non_null_expression (member_expression property: (property_identifier) @reference.call))])
(new_expression constructor: [
  (identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)])
(decorator [
  (identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)])

(extends_clause value: [
  (identifier) @reference.inherit
  (member_expression property: (property_identifier) @reference.inherit)
  (call_expression arguments: (arguments (identifier) @reference.inherit))])
(implements_clause [
  (type_identifier) @reference.inherit
  (nested_type_identifier name: (type_identifier) @reference.inherit)
  (generic_type name: (type_identifier) @reference.inherit)
  (generic_type name: (nested_type_identifier name: (type_identifier) @reference.inherit))])
(extends_type_clause type: [
  (type_identifier) @reference.inherit
  (nested_type_identifier name: (type_identifier) @reference.inherit)
  (generic_type name: (type_identifier) @reference.inherit)
  (generic_type name: (nested_type_identifier name: (type_identifier) @reference.inherit))])

(import_statement source: (string (string_fragment) @reference.import))
(import_require_clause source: (string (string_fragment) @reference.import))
(import_clause (identifier) @reference.import)
(import_specifier name: (identifier) @reference.import)
(export_statement source: (string (string_fragment) @reference.import))
(export_statement (export_clause (export_specifier name: (identifier) @reference.import)) source: (string))
((call_expression
  function: (identifier) @reference.call
  arguments: (arguments . (string (string_fragment) @reference.import) .))
  (#eq? @reference.call "require"))
(call_expression
  function: (import)
  arguments: (arguments . (string (string_fragment) @reference.import)))
