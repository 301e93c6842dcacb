; Functions and classes; an export statement around one belongs to it
[
  (function_declaration name: (identifier) @name body: (_) @body)
  (generator_function_declaration name: (identifier) @name body: (_) @body)
  (export_statement declaration: (function_declaration name: (identifier) @name body: (_) @body))
  (export_statement declaration: (generator_function_declaration name: (identifier) @name body: (_) @body))
  (export_statement "default" @name value: [
    (function_expression !name body: (_) @body)
    (generator_function !name body: (_) @body)
    (arrow_function body: (_) @body)])
] @definition.function

[
  (class_declaration name: (identifier) @name body: (_) @body)
  (export_statement declaration: (class_declaration name: (identifier) @name body: (_) @body))
  (export_statement "default" @name value: (class !name body: (_) @body))
] @definition.class

; Functions and classes held by a variable: any at the top of a file, named blocks of code elsewhere
(program [
  (lexical_declaration (variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body)))
  (export_statement declaration: (lexical_declaration
    (variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body))))
] @definition.function)

[
  (lexical_declaration (variable_declarator name: (identifier) @name value: [
    (arrow_function body: (statement_block) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)]))
  (variable_declaration (variable_declarator name: (identifier) @name value: [
    (arrow_function body: (statement_block) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)]))
  (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name value: [
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)])))
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
(program (expression_statement (assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: (_ body: (_) @body))) @definition.function
  (#match? @definition.function "^(module\\.)?exports\\."))

; Members
(class_body member: (method_definition
  name: [(property_identifier) (private_property_identifier) (string) (computed_property_name)] @name) @definition.method)
(class_body member: (field_definition property: (_) @name value: (_ body: (_) @body)) @definition.method)
(class_body member: (field_definition property: (_) @name value: (_ !body)) @definition.field)
(class_body member: (field_definition property: (_) @name !value) @definition.field)
(object (method_definition name: (_) @name) @definition.method)
(variable_declarator value: (object (pair
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
(assignment_expression right: (object (pair
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))
(export_statement value: (object (pair
  key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))

; Values at the top of a file; what require() returns is an import
(program [
  (lexical_declaration kind: "const" . (variable_declarator name: (identifier) @name value: [
    (_ !body !function)
    (call_expression arguments: [(arguments . (_ !body)) (arguments . "(" . ")") (template_string)])]) .)
  (export_statement declaration: (lexical_declaration kind: "const" .
    (variable_declarator name: (identifier) @name value: [
      (_ !body !function)
      (call_expression arguments: [(arguments . (_ !body)) (arguments . "(" . ")") (template_string)])]) .))
] @definition.constant
  (#not-match? @definition.constant "^const\\s[^=]*=\\s*(await\\s+import|require)\\("))
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
  (export_statement declaration: (lexical_declaration kind: "let" .
    (variable_declarator name: (identifier) @name value: (_ !body)) .))
  (export_statement declaration: (lexical_declaration kind: "let" . (variable_declarator name: (identifier) @name !value) .))
] @definition.variable
  (#not-match? @definition.variable "^(var|let)\\s[^=]*=\\s*(\\w+\\()?require\\("))
(export_statement "default" @name value: [(object) (call_expression)]) @definition.constant

; Several values in one declaration each stand for themselves
(program [
  (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name value: (_ !body)) @definition.constant)
  (export_statement declaration: (lexical_declaration kind: "const"
    (variable_declarator name: (identifier) @name value: (_ !body)) @definition.constant))
]
  (#not-match? @definition.constant "^[^=]*=\\s*(await\\s+import|require)\\("))
(program [
  (lexical_declaration kind: "let" (variable_declarator name: (identifier) @name) @definition.variable)
  (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable)
  (export_statement declaration: (lexical_declaration kind: "let"
    (variable_declarator name: (identifier) @name) @definition.variable))
]
  (#not-match? @definition.variable "^[^=]*=\\s*(\\w+\\()?require\\("))
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
  (member_expression property: [(property_identifier) (private_property_identifier)] @reference.call)])
(new_expression constructor: [
  (identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)])
(decorator [
  (identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)])
(jsx_opening_element name: [
  (identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)]
  (#match? @reference.call "^[A-Z]"))
(jsx_self_closing_element name: [
  (identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)]
  (#match? @reference.call "^[A-Z]"))

(class_heritage [
  (identifier) @reference.inherit
  (member_expression property: (property_identifier) @reference.inherit)
  (call_expression arguments: (arguments (identifier) @reference.inherit))])

(import_statement source: (string (string_fragment) @reference.import))
(import_clause (identifier) @reference.import)
(import_specifier name: (identifier) @reference.import)
(export_statement source: (string (string_fragment) @reference.import))
(export_statement (export_clause (export_specifier name: (identifier) @reference.import)) source: (string))
((call_expression
  function: (identifier) @reference.call
  arguments: (arguments . (string (string_fragment) @reference.import) .))
  (#eq? @reference.call "require"))
(variable_declarator
  name: (object_pattern [
    (shorthand_property_identifier_pattern) @reference.import
    (pair_pattern key: (property_identifier) @reference.import)])
  value: (call_expression function: (identifier) @reference.call)
  (#eq? @reference.call "require"))
(call_expression
  function: (import)
  arguments: (arguments . (string (string_fragment) @reference.import)))
