; Definitions
(class_declaration ["class" "actor"] name: (type_identifier) @name) @definition.class
(class_declaration "struct" name: (type_identifier) @name) @definition.struct
(class_declaration "enum" name: (type_identifier) @name) @definition.enum
(class_declaration "extension" name: (user_type (type_identifier) @name . (type_arguments)? .)) @definition.impl
(protocol_declaration name: (type_identifier) @name) @definition.interface

(enum_entry name: (simple_identifier) @name) @definition.field

(function_declaration [(simple_identifier) (custom_operator) "==" "<"] @name) @definition.function
(protocol_function_declaration [(simple_identifier) (custom_operator) "==" "<"] @name) @definition.method
(init_declaration "init" @name) @definition.method
(deinit_declaration "deinit" @name) @definition.method
(subscript_declaration "subscript" @name (computed_property)? @body) @definition.method
(macro_declaration (simple_identifier) @name definition: (_)? @body) @definition.macro

(typealias_declaration name: (type_identifier) @name) @definition.type
(associatedtype_declaration name: (type_identifier) @name) @definition.type

(class_body (property_declaration (value_binding_pattern) name: (pattern bound_identifier: (simple_identifier) @name)
  [(computed_property) (willset_didset_block)]? @body) @definition.property)
(enum_class_body (property_declaration (value_binding_pattern) name: (pattern bound_identifier: (simple_identifier) @name)
  [(computed_property) (willset_didset_block)]? @body) @definition.property)
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.property
(source_file (property_declaration (value_binding_pattern "let")
  name: (pattern bound_identifier: (simple_identifier) @name)) @definition.constant)
(source_file (property_declaration (value_binding_pattern "var")
  name: (pattern bound_identifier: (simple_identifier) @name)
  [(computed_property) (willset_didset_block)]? @body) @definition.variable)

; References
(call_expression . [
  (simple_identifier) @reference.call
  (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @reference.call))])
(constructor_expression constructed_type: (user_type (type_identifier) @reference.call))
(attribute (user_type (type_identifier) @reference.call))
(inheritance_specifier inherits_from: (user_type (type_identifier) @reference.inherit . (type_arguments)? .))
(import_declaration (identifier) @reference.import)
