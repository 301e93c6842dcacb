; Definitions
(namespace_declaration name: (_) @name) @definition.module

(class_declaration name: (identifier) @name) @definition.class
(record_declaration "struct" name: (identifier) @name) @definition.struct
(record_declaration name: (identifier) @name) @definition.class
(record_declaration (parameter_list (parameter name: (identifier) @name) @definition.property))
(struct_declaration name: (identifier) @name) @definition.struct
(interface_declaration name: (identifier) @name) @definition.interface
(enum_declaration name: (identifier) @name) @definition.enum
(enum_member_declaration name: (identifier) @name) @definition.field
(delegate_declaration name: (identifier) @name) @definition.type

(constructor_declaration name: (identifier) @name) @definition.method
(method_declaration name: (identifier) @name) @definition.method
(operator_declaration operator: _ @name) @definition.method
(conversion_operator_declaration type: (_) @name) @definition.method
(local_function_statement name: (identifier) @name) @definition.function

(field_declaration (modifier "const")
  (variable_declaration (variable_declarator name: (identifier) @name))) @definition.constant
(field_declaration
  (variable_declaration (variable_declarator name: (identifier) @name))) @definition.field
(event_field_declaration
  (variable_declaration (variable_declarator name: (identifier) @name))) @definition.field
(event_declaration name: (identifier) @name accessors: (_)? @body) @definition.property
(property_declaration name: (identifier) @name
  [accessors: (_) @body value: (arrow_expression_clause) @body]) @definition.property
(indexer_declaration "this" @name [accessors: (_) @body value: (arrow_expression_clause) @body]) @definition.property

; References
(invocation_expression function: [
  (identifier) @reference.call
  (generic_name (identifier) @reference.call)
  (_ name: [(identifier) @reference.call (_ (identifier) @reference.call)])
  (conditional_access_expression (_ . "." name: [(identifier) @reference.call (_ (identifier) @reference.call)]))])
(object_creation_expression type: [
  (identifier) @reference.call
  (generic_name (identifier) @reference.call)
  (_ name: [(identifier) @reference.call (_ (identifier) @reference.call)])])
(attribute name: [(identifier) @reference.call (_ name: (identifier) @reference.call)])

(base_list [
  (identifier) @reference.inherit
  (generic_name (identifier) @reference.inherit)
  (_ name: [(identifier) @reference.inherit (_ (identifier) @reference.inherit)])])

(using_directive (qualified_name) @reference.import)
(using_directive !name (identifier) @reference.import)
