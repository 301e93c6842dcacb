; The package's documentation, where a file holds it
((source_file (comment) @doc) @definition.file
  (#match? @doc "^(//|/\\*)\\s*(Package|Command) "))

; Functions and methods; a receiver's type is the parent
(function_declaration name: (identifier) @name) @definition.function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @parent
    (generic_type type: (type_identifier) @parent)
    (pointer_type (type_identifier) @parent)
    (pointer_type (generic_type type: (type_identifier) @parent))]))
  name: (field_identifier) @name) @definition.method

; Types, alone or in a group; a declaration of one type is its span
(source_file (type_declaration (type_spec name: (type_identifier) @name
  type: (struct_type (field_declaration_list) @body)) @definition.struct))
(source_file (type_declaration . (type_spec name: (type_identifier) @name
  type: (struct_type (field_declaration_list) @body)) .) @definition.struct)
(source_file (type_declaration (type_spec name: (type_identifier) @name
  type: (interface_type "{" @body)) @definition.interface))
(source_file (type_declaration . (type_spec name: (type_identifier) @name
  type: (interface_type "{" @body)) .) @definition.interface)
(source_file (type_declaration [
  (type_spec name: (type_identifier) @name type: [
    (array_type) (channel_type) (function_type) (generic_type) (map_type) (parenthesized_type)
    (pointer_type) (qualified_type) (slice_type) (type_identifier)])
  (type_alias name: (type_identifier) @name)
] @definition.type))
(source_file (type_declaration . [
  (type_spec name: (type_identifier) @name type: [
    (array_type) (channel_type) (function_type) (generic_type) (map_type) (parenthesized_type)
    (pointer_type) (qualified_type) (slice_type) (type_identifier)])
  (type_alias name: (type_identifier) @name)
] .) @definition.type)

; Members; an embedded type is a field by its own name
(source_file (type_declaration (type_spec type: (struct_type (field_declaration_list [
  (field_declaration name: (field_identifier) @name)
  (field_declaration !name type: [
    (type_identifier) @name
    (qualified_type name: (type_identifier) @name)
    (generic_type type: (type_identifier) @name)
    (generic_type type: (qualified_type name: (type_identifier) @name))])
] @definition.field)))))
(source_file (type_declaration (type_spec
  type: (interface_type (method_elem name: (field_identifier) @name) @definition.method))))

; Values of the package
(source_file (const_declaration (const_spec (identifier) @name) @definition.constant)
  (#not-eq? @name "_"))
(source_file (const_declaration . (const_spec (identifier) @name) .) @definition.constant
  (#not-eq? @name "_"))
(source_file (var_declaration (var_spec_list (var_spec (identifier) @name) @definition.variable))
  (#not-eq? @name "_"))
(source_file (var_declaration (var_spec (identifier) @name)) @definition.variable
  (#not-eq? @name "_"))

; References
(call_expression function: [
  (identifier) @reference.call
  (selector_expression field: (field_identifier) @reference.call)
  (parenthesized_expression (identifier) @reference.call)
  (index_expression operand: (identifier) @reference.call)
  (index_expression operand: (selector_expression field: (field_identifier) @reference.call))])
(type_conversion_expression type: [
  (generic_type type: (type_identifier) @reference.call)
  (generic_type type: (qualified_type name: (type_identifier) @reference.call))])
(composite_literal type: [
  (type_identifier) @reference.call
  (qualified_type name: (type_identifier) @reference.call)
  (generic_type type: (type_identifier) @reference.call)
  (generic_type type: (qualified_type name: (type_identifier) @reference.call))])
(import_spec path: [
  (interpreted_string_literal (interpreted_string_literal_content) @reference.import)
  (raw_string_literal (raw_string_literal_content) @reference.import)])
(struct_type (field_declaration_list (field_declaration !name type: [
  (type_identifier) @reference.inherit
  (qualified_type name: (type_identifier) @reference.inherit)
  (generic_type type: (type_identifier) @reference.inherit)
  (generic_type type: (qualified_type name: (type_identifier) @reference.inherit))])))
(interface_type (type_elem . [
  (type_identifier) @reference.inherit
  (qualified_type name: (type_identifier) @reference.inherit)
  (generic_type type: (type_identifier) @reference.inherit)] .))
