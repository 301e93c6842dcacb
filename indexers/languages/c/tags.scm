; Functions; a static prototype only announces one
(function_definition declarator: [
  (function_declarator declarator: (identifier) @name)
  (function_declarator declarator: (parenthesized_declarator (identifier) @name))
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
  (pointer_declarator declarator: (pointer_declarator
    declarator: (function_declarator declarator: (identifier) @name)))]) @definition.function
((declaration declarator: [
  (function_declarator declarator: (identifier) @name)
  (function_declarator declarator: (parenthesized_declarator (identifier) @name))
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
  (pointer_declarator declarator: (pointer_declarator
    declarator: (function_declarator declarator: (identifier) @name)))] ";" @body) @definition.function
  (#not-match? @definition.function "^static\\s"))
(preproc_function_def name: (identifier) @name value: (_)? @body) @definition.macro
(preproc_def name: (identifier) @name value: (_)) @definition.constant

; Types by their tag, wherever one is declared but in a typedef
([
  (struct_specifier name: (type_identifier) @name body: (_) @body)
  (union_specifier name: (type_identifier) @name body: (_) @body)
] @definition.struct . ";")
((enum_specifier name: (type_identifier) @name body: (_) @body) @definition.enum . ";")
(declaration type: [
  (struct_specifier name: (type_identifier) @name body: (_) @body)
  (union_specifier name: (type_identifier) @name body: (_) @body)] @definition.struct)
(declaration type: (enum_specifier name: (type_identifier) @name body: (_) @body) @definition.enum)
(field_declaration type: [
  (struct_specifier name: (type_identifier) @name body: (_) @body)
  (union_specifier name: (type_identifier) @name body: (_) @body)] @definition.struct)
(field_declaration type: (enum_specifier name: (type_identifier) @name body: (_) @body) @definition.enum)

; Types by their typedef
(type_definition
  type: [(struct_specifier body: (_) @body) (union_specifier body: (_) @body)]
  declarator: (type_identifier) @name) @definition.struct
(type_definition type: (enum_specifier body: (_) @body) declarator: (type_identifier) @name) @definition.enum
(type_definition
  type: [(struct_specifier body: (_)) (union_specifier body: (_))]
  declarator: (pointer_declarator declarator: (type_identifier) @name) @definition.type)
(type_definition
  type: [
    (primitive_type) (sized_type_specifier) (type_identifier) (macro_type_specifier)
    (struct_specifier !body) (union_specifier !body) (enum_specifier !body)]
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)
    (function_declarator declarator: (type_identifier) @name)
    (function_declarator declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name)))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name))))]) @definition.type

; Members
(field_declaration type: [(struct_specifier body: (_) @body) (union_specifier body: (_) @body)]
  declarator: (field_identifier) @name) @definition.field
(field_declaration declarator: [
  (field_identifier) @name
  (array_declarator declarator: [(field_identifier) @name (array_declarator declarator: (field_identifier) @name)])
  (pointer_declarator declarator: [
    (field_identifier) @name
    (pointer_declarator declarator: (field_identifier) @name)
    (array_declarator declarator: (field_identifier) @name)
    (function_declarator declarator: (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name)))])
  (function_declarator declarator: (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name)))
]) @definition.field
(enumerator name: (identifier) @name) @definition.field

; Variables of the file
(translation_unit (declaration declarator: [
  (identifier) @name
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: [(identifier) @name (array_declarator declarator: (identifier) @name)])
  (init_declarator declarator: [
    (identifier) @name
    (pointer_declarator declarator: [(identifier) @name (array_declarator declarator: (identifier) @name)])
    (array_declarator declarator: [(identifier) @name (array_declarator declarator: (identifier) @name)])])
]) @definition.variable)
(translation_unit [(preproc_ifdef (declaration declarator: [
  (identifier) @name
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: (identifier) @name)
  (init_declarator declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (array_declarator declarator: (identifier) @name)])
]) @definition.variable) (preproc_if (declaration declarator: [
  (identifier) @name
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: (identifier) @name)
  (init_declarator declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (array_declarator declarator: (identifier) @name)])
]) @definition.variable)])

; References
(call_expression function: [
  (identifier) @reference.call
  (field_expression field: (field_identifier) @reference.call)
  (parenthesized_expression (pointer_expression argument: (identifier) @reference.call))])
(initializer_pair value: (identifier) @reference.call)
(preproc_include path: [(string_literal) (system_lib_string)] @reference.import)
