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
(extension_definition . parameters: (_ . (_
  type: [(type_identifier) @name (_ type: (type_identifier) @name type_arguments: (_))]))) @definition.impl
(extension_definition . type_parameters: (_) . parameters: (_ . (_
  type: [(type_identifier) @name (_ type: (type_identifier) @name type_arguments: (_))]))) @definition.impl

(function_definition name: (_) @name) @definition.function
(function_declaration name: (_) @name) @definition.function

(class_parameter ["val" "var"] . name: (identifier) @name) @definition.property
(class_definition "case" class_parameters: (_
  (_ name: (identifier) @name) @definition.property))
(template_body (_ ["val" "var"] [pattern: (identifier) name: (identifier)] @name) @definition.property)
(enum_body (_ "val" pattern: (identifier) @name) @definition.property)
(compilation_unit (_ "val" pattern: (identifier) @name) @definition.constant)
(compilation_unit (_ "var" pattern: (identifier) @name) @definition.variable)

((call_expression
  function: (_ function: (identifier) arguments: (_ . (string) @name))
  arguments: (block) @body) @definition.test
  (#match? @definition.test "^(test|it|property|scenario)\\b"))
(infix_expression left: (string) @name operator: (_) right: (block) @body) @definition.test
(infix_expression left: (_ right: (string) @name) operator: (_) right: (block) @body) @definition.test

; References
(call_expression function: [
  (identifier) @reference.call
  (_ function: (identifier) @reference.call)])
(field_expression field: (identifier) @reference.call)
(infix_expression operator: (identifier) @reference.call)
(instance_expression [(type_identifier) @reference.call (_ type: (type_identifier) @reference.call type_arguments: (_))])
(annotation name: (type_identifier) @reference.call)

(extends_clause [
  (type_identifier) @reference.inherit
  (_ type: (type_identifier) @reference.inherit type_arguments: (_))
  (stable_type_identifier (type_identifier) @reference.inherit)
  (_ type: (stable_type_identifier (type_identifier) @reference.inherit) type_arguments: (_))])

(import_declaration (identifier) @reference.import .)
(import_declaration (identifier) @reference.import . [(namespace_selectors) (namespace_wildcard)])
(namespace_selectors [
  (identifier) @reference.import
  (arrow_renamed_identifier name: (identifier) @reference.import)
  (as_renamed_identifier name: (identifier) @reference.import)])
