; Definitions
(function_item name: (identifier) @name) @definition.function
(function_signature_item name: (identifier) @name ";" @body) @definition.function
(macro_definition name: (identifier) @name . (macro_rule) @body) @definition.macro
(struct_item name: (type_identifier) @name !body) @definition.struct
(struct_item name: (type_identifier) @name body: (field_declaration_list) @body) @definition.struct
(struct_item name: (type_identifier) @name body: (ordered_field_declaration_list) ";" @body) @definition.struct
(union_item name: (type_identifier) @name) @definition.struct
(enum_item name: (type_identifier) @name) @definition.enum
(trait_item name: (type_identifier) @name) @definition.trait
(mod_item name: (identifier) @name) @definition.module
(impl_item type: [
  (type_identifier) @name
  (primitive_type) @name
  (generic_type type: (type_identifier) @name)
  (generic_type type: (scoped_type_identifier name: (type_identifier) @name))
  (scoped_type_identifier name: (type_identifier) @name)
  (reference_type type: (type_identifier) @name)
  (reference_type type: (primitive_type) @name)
  (reference_type type: (generic_type type: (type_identifier) @name))
  (dynamic_type trait: (type_identifier) @name)
  (array_type) @name
  (tuple_type) @name
  (unit_type) @name
  (function_type) @name
  (pointer_type) @name
] body: (_) @body) @definition.impl
(field_declaration name: (field_identifier) @name) @definition.field
(enum_variant name: (identifier) @name !body) @definition.field
(enum_variant name: (identifier) @name body: (field_declaration_list) @body) @definition.field
(enum_variant_list (enum_variant
  name: (identifier) @name body: (ordered_field_declaration_list)) @definition.field . ["," "}"] @body)
(associated_type name: (type_identifier) @name) @definition.type
(source_file (type_item name: (type_identifier) @name) @definition.type)
(declaration_list (type_item name: (type_identifier) @name) @definition.type)
(source_file (const_item name: (identifier) @name) @definition.constant
  (#not-eq? @name "_"))
(declaration_list (const_item name: (identifier) @name) @definition.constant
  (#not-eq? @name "_"))
(source_file (static_item name: (identifier) @name) @definition.constant)
(declaration_list (static_item name: (identifier) @name) @definition.constant)

; References
(call_expression function: [
  (identifier) @reference.call
  (scoped_identifier name: (identifier) @reference.call)
  (field_expression field: (field_identifier) @reference.call)
  (generic_function function: [
    (identifier) @reference.call
    (scoped_identifier name: (identifier) @reference.call)
    (field_expression field: (field_identifier) @reference.call)])])
(macro_invocation macro: [
  (identifier) @reference.call
  (scoped_identifier name: (identifier) @reference.call)])
(struct_expression name: [
  (type_identifier) @reference.call
  (scoped_type_identifier name: (type_identifier) @reference.call)
  (generic_type_with_turbofish type: (type_identifier) @reference.call)])
(token_tree (identifier) @reference.call . (token_tree "("))

(impl_item trait: [
  (type_identifier) @reference.inherit
  (scoped_type_identifier name: (type_identifier) @reference.inherit)
  (generic_type type: (type_identifier) @reference.inherit)
  (generic_type type: (scoped_type_identifier name: (type_identifier) @reference.inherit))])
(trait_item bounds: (trait_bounds [
  (type_identifier) @reference.inherit
  (scoped_type_identifier name: (type_identifier) @reference.inherit)
  (generic_type type: (type_identifier) @reference.inherit)
  (generic_type type: (scoped_type_identifier name: (type_identifier) @reference.inherit))]))

(use_declaration argument: [
  (identifier) @reference.import
  (scoped_identifier path: (_) @reference.import name: (_) @reference.import)
  (use_as_clause path: (scoped_identifier path: (_) @reference.import name: (_) @reference.import))
  (use_wildcard [(identifier) (scoped_identifier) (crate) (super) (self)] @reference.import)])
(scoped_use_list path: (_) @reference.import)
(use_list [
  (identifier) @reference.import
  (scoped_identifier path: (_) @reference.import name: (_) @reference.import)
  (use_as_clause path: (identifier) @reference.import)
  (use_as_clause path: (scoped_identifier path: (_) @reference.import name: (_) @reference.import))
  (use_wildcard [(identifier) (scoped_identifier)] @reference.import)])
(extern_crate_declaration name: (identifier) @reference.import)
(mod_item name: (identifier) @reference.import !body)
