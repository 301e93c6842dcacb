; Definitions
(package_object name: (_) @name) @definition.module
(class_definition name: (identifier) @name) @definition.class
(object_definition name: (identifier) @name) @definition.class
(trait_definition name: (identifier) @name) @definition.trait
(enum_definition name: (identifier) @name) @definition.enum
(simple_enum_case name: (identifier) @name) @definition.field
(full_enum_case name: (identifier) @name) @definition.field
(type_definition name: (type_identifier) @name) @definition.type

(given_definition name: (_) @name) @definition.impl
(given_definition !name return_type: (_) @name) @definition.impl
(extension_definition . parameters: (parameters . (parameter
  type: [(type_identifier) @name (generic_type type: (type_identifier) @name)]))) @definition.impl
(extension_definition . type_parameters: (_) . parameters: (parameters . (parameter
  type: [(type_identifier) @name (generic_type type: (type_identifier) @name)]))) @definition.impl

(function_definition name: (_) @name) @definition.function
(function_declaration name: (_) @name) @definition.function

(class_parameter ["val" "var"] . name: (identifier) @name) @definition.property
(class_definition "case" class_parameters: (class_parameters
  (class_parameter name: (identifier) @name) @definition.property))
(template_body [
  (val_definition pattern: (identifier) @name)
  (var_definition pattern: (identifier) @name)
  (val_declaration name: (identifier) @name)
  (var_declaration name: (identifier) @name)
] @definition.property)
(enum_body (val_definition pattern: (identifier) @name) @definition.property)
(compilation_unit (val_definition pattern: (identifier) @name) @definition.constant)
(compilation_unit (var_definition pattern: (identifier) @name) @definition.variable)

((call_expression
  function: (call_expression function: (identifier) arguments: (arguments . (string) @name))
  arguments: (block) @body) @definition.test
  (#match? @definition.test "^(test|it|property|scenario)\\b"))
(infix_expression left: (string) @name operator: (_) right: (block) @body) @definition.test
(infix_expression left: (infix_expression right: (string) @name) operator: (_) right: (block) @body) @definition.test

; References
(call_expression function: [
  (identifier) @reference.call
  (generic_function function: (identifier) @reference.call)])
(field_expression field: (identifier) @reference.call)
(infix_expression operator: (identifier) @reference.call)
(instance_expression [(type_identifier) @reference.call (generic_type type: (type_identifier) @reference.call)])
(annotation name: (type_identifier) @reference.call)

(extends_clause [
  (type_identifier) @reference.inherit
  (generic_type type: (type_identifier) @reference.inherit)
  (stable_type_identifier (type_identifier) @reference.inherit)
  (generic_type type: (stable_type_identifier (type_identifier) @reference.inherit))])

(import_declaration (identifier) @reference.import .)
(import_declaration (identifier) @reference.import . [(namespace_selectors) (namespace_wildcard)])
(namespace_selectors [
  (identifier) @reference.import
  (arrow_renamed_identifier name: (identifier) @reference.import)
  (as_renamed_identifier name: (identifier) @reference.import)])
