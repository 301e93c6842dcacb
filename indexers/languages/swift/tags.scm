; Definitions
(class_declaration ["class" "actor"] name: (type_identifier) @name) @definition.class
(class_declaration "struct" name: (type_identifier) @name) @definition.struct
(class_declaration "enum" name: (type_identifier) @name) @definition.enum
(class_declaration "extension" name: (user_type (type_identifier) @name . (type_arguments)? .)) @definition.impl
(protocol_declaration name: (type_identifier) @name) @definition.interface

(enum_entry name: (simple_identifier) @name) @definition.field

(function_declaration) @definition.function
(protocol_function_declaration) @definition.method
(init_declaration "init" @name) @definition.method
(deinit_declaration "deinit" @name) @definition.method
(subscript_declaration "subscript" @name (computed_property)? @body) @definition.method
(macro_declaration (simple_identifier) @name definition: (_)? @body) @definition.macro

(typealias_declaration name: (type_identifier) @name) @definition.type
(associatedtype_declaration name: (type_identifier) @name) @definition.type

; Variables: a block after one without a value is its getter, after one with a value its observers
(class_body [
  (_ (value_binding_pattern) name: (_ bound_identifier: (simple_identifier) @name) !value (_ . "{")? @body)
  (_ (value_binding_pattern) name: (_ bound_identifier: (simple_identifier) @name) value: (_) (_ . "{" . (_ ["willSet" "didSet"]))? @body)] @definition.property)
(enum_class_body [
  (_ (value_binding_pattern) name: (_ bound_identifier: (simple_identifier) @name) !value (_ . "{")? @body)
  (_ (value_binding_pattern) name: (_ bound_identifier: (simple_identifier) @name) value: (_) (_ . "{" . (_ ["willSet" "didSet"]))? @body)] @definition.property)
(protocol_property_declaration name: (_ bound_identifier: (simple_identifier) @name)) @definition.property
(source_file (_ (value_binding_pattern "let") name: (_ bound_identifier: (simple_identifier) @name)) @definition.constant)
(source_file [
  (_ (value_binding_pattern "var") name: (_ bound_identifier: (simple_identifier) @name) !value (_ . "{")? @body)
  (_ (value_binding_pattern "var") name: (_ bound_identifier: (simple_identifier) @name) value: (_) (_ . "{" . (_ ["willSet" "didSet"]))? @body)] @definition.variable)

; References
(call_expression . [
  (simple_identifier) @reference.call
  (_ suffix: (_ suffix: (simple_identifier) @reference.call))])
(constructor_expression constructed_type: (user_type (type_identifier) @reference.call))
(attribute (user_type (type_identifier) @reference.call))
(inheritance_specifier inherits_from: (user_type (type_identifier) @reference.inherit . (type_arguments)? .))
(import_declaration (identifier) @reference.import)
