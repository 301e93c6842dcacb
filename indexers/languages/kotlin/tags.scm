; Definitions
(class_declaration (modifiers (class_modifier "enum")) name: (identifier) @name (enum_class_body)? @body) @definition.enum
(class_declaration "interface" name: (identifier) @name (class_body)? @body) @definition.interface
(class_declaration "class" name: (identifier) @name [(class_body) (enum_class_body)]? @body) @definition.class
(object_declaration name: (identifier) @name (class_body)? @body) @definition.class
(companion_object name: (identifier) @name (class_body)? @body) @definition.class
(enum_entry (identifier) @name (class_body)? @body) @definition.field
(type_alias type: (identifier) @name) @definition.type

(function_declaration [
  (user_type (identifier) @parent (type_arguments)? .)
  (nullable_type (user_type (identifier) @parent (type_arguments)? .))] . name: (identifier) @name
  (function_body)? @body) @definition.function
(function_declaration name: (identifier) @name (function_body)? @body) @definition.function
(secondary_constructor "constructor" @name (block)? @body) @definition.method

(source_file (property_declaration (modifiers (property_modifier "const"))
  (variable_declaration . (identifier) @name)) @definition.constant)
(class_body (property_declaration (modifiers (property_modifier "const"))
  (variable_declaration . (identifier) @name)) @definition.constant)
(property_declaration [
  (user_type (identifier) @parent (type_arguments)? .)
  (nullable_type (user_type (identifier) @parent (type_arguments)? .))]
  . (variable_declaration . (identifier) @name)) @definition.property
(source_file (property_declaration [
  (variable_declaration . (identifier) @name)
  (multi_variable_declaration (variable_declaration . (identifier) @name))]) @definition.variable)
(class_body (property_declaration [
  (variable_declaration . (identifier) @name)
  (multi_variable_declaration (variable_declaration . (identifier) @name))]) @definition.property)
(enum_class_body (property_declaration (variable_declaration . (identifier) @name)) @definition.property)
(class_parameter ["val" "var"] . (identifier) @name) @definition.property

; References
(call_expression . [(identifier) @reference.call (navigation_expression (identifier) @reference.call .)])
(infix_expression . (_) . (identifier) @reference.call)
(annotation [
  (user_type (identifier) @reference.call .)
  (constructor_invocation (user_type (identifier) @reference.call .))])
(delegation_specifier [
  (user_type (identifier) @reference.inherit . (type_arguments)? .)
  (constructor_invocation (user_type (identifier) @reference.inherit . (type_arguments)? .))
  (explicit_delegation . (user_type (identifier) @reference.inherit . (type_arguments)? .))])
(import (qualified_identifier) @reference.import)
