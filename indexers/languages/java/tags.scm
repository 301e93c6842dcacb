; Types
(class_declaration name: (identifier) @name) @definition.class
(record_declaration name: (identifier) @name) @definition.class
(interface_declaration name: (identifier) @name) @definition.interface
(annotation_type_declaration name: (identifier) @name) @definition.interface
(enum_declaration name: (identifier) @name) @definition.enum
(module_declaration name: (_) @name) @definition.module

; Members of named types; those of anonymous classes are details of a method
(class_declaration body: (class_body [
  (method_declaration name: (identifier) @name [(block) ";"] @body)
  (constructor_declaration name: (identifier) @name)
] @definition.method))
(record_declaration body: (class_body [
  (method_declaration name: (identifier) @name [(block) ";"] @body)
  (constructor_declaration name: (identifier) @name)
  (compact_constructor_declaration name: (identifier) @name)
] @definition.method))
(enum_body_declarations [
  (method_declaration name: (identifier) @name [(block) ";"] @body)
  (constructor_declaration name: (identifier) @name)
] @definition.method)
(enum_constant body: (class_body (method_declaration name: (identifier) @name [(block) ";"] @body) @definition.method))
(interface_body (method_declaration name: (identifier) @name [(block) ";"] @body) @definition.method)
(annotation_type_body (annotation_type_element_declaration name: (identifier) @name) @definition.method)

; Members of a compact source file
(program (method_declaration name: (identifier) @name (block) @body) @definition.function)
(program (local_variable_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.variable)

(enum_constant name: (identifier) @name) @definition.field
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @name) @definition.field))
(class_declaration body: (class_body
  (field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.field)
  (#not-match? @name "^[A-Z][A-Z0-9_]*$"))
(class_declaration body: (class_body
  (field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant)
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(record_declaration body: (class_body
  (field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant))
(enum_body_declarations (field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.field
  (#not-match? @name "^[A-Z][A-Z0-9_]*$"))
(enum_body_declarations (field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant

; References
(method_invocation name: (identifier) @reference.call)
(method_reference (identifier) @reference.call .)
(object_creation_expression type: [
  (type_identifier) @reference.call
  (scoped_type_identifier (type_identifier) @reference.call .)
  (generic_type (type_identifier) @reference.call)
  (generic_type (scoped_type_identifier (type_identifier) @reference.call .))])
(marker_annotation name: (identifier) @reference.call)
(annotation name: (identifier) @reference.call)

(import_declaration (scoped_identifier name: (identifier) @reference.import) @reference.import)
(superclass [
  (type_identifier) @reference.inherit
  (scoped_type_identifier (type_identifier) @reference.inherit .)
  (generic_type (type_identifier) @reference.inherit)
  (generic_type (scoped_type_identifier (type_identifier) @reference.inherit .))])
(super_interfaces (type_list [
  (type_identifier) @reference.inherit
  (scoped_type_identifier (type_identifier) @reference.inherit .)
  (generic_type (type_identifier) @reference.inherit)
  (generic_type (scoped_type_identifier (type_identifier) @reference.inherit .))]))
(extends_interfaces (type_list [
  (type_identifier) @reference.inherit
  (scoped_type_identifier (type_identifier) @reference.inherit .)
  (generic_type (type_identifier) @reference.inherit)
  (generic_type (scoped_type_identifier (type_identifier) @reference.inherit .))]))
