; Functions; a static prototype only announces one. What has parameters, a size or a value is known by that: a named node
; type takes longer to compile
(function_definition declarator: [
  (_ declarator: [(identifier) @name (parenthesized_declarator (identifier) @name)] parameters: (_))
  (_ "*" declarator: (_ declarator: (identifier) @name parameters: (_)))
  (_ declarator: (_ (_ "*" declarator: (_ declarator: (identifier) @name parameters: (_)))) parameters: (_))
  (parenthesized_declarator (identifier) @name)
  (_ "*" declarator: (_ "*" declarator: (_ declarator: (identifier) @name parameters: (_))))]) @definition.function
((declaration declarator: [
  (_ declarator: [(identifier) @name (parenthesized_declarator (identifier) @name)] parameters: (_))
  (_ "*" declarator: (_ declarator: (identifier) @name parameters: (_)))
  (_ declarator: (_ (_ "*" declarator: (_ declarator: (identifier) @name parameters: (_)))) parameters: (_))
  (_ "*" declarator: (_ "*" declarator: (_ declarator: (identifier) @name parameters: (_))))] ";" @body) @definition.function
  (#not-match? @definition.function "^static\\s"))

; Functions that a macro declares
(translation_unit (expression_statement (call_expression arguments: (_ . (identifier) @name))) @definition.function
  . (compound_statement) @body @definition.function)

(preproc_function_def name: (identifier) @name value: (_)? @body) @definition.macro
(preproc_def name: (identifier) @name value: (_)) @definition.constant

; Types by their tag, wherever one is declared but in a typedef
([
  (struct_specifier name: (type_identifier) @name body: (_) @body)
  (union_specifier name: (type_identifier) @name body: (_) @body)
] @definition.struct . ";")
((enum_specifier name: (type_identifier) @name body: (_) @body) @definition.enum . ";")
(declaration type: (_ . ["struct" "union"] name: (type_identifier) @name body: (_) @body) @definition.struct)
(declaration type: (_ . "enum" name: (type_identifier) @name body: (_) @body) @definition.enum)
(field_declaration type: (_ . ["struct" "union"] name: (type_identifier) @name body: (_) @body) @definition.struct)
(field_declaration type: (_ . "enum" name: (type_identifier) @name body: (_) @body) @definition.enum)

; Types by their typedef, those with a tag by either name
((type_definition type: (_ . ["struct" "union"] name: (type_identifier) @name body: (_) @body)
  declarator: [(type_identifier) @_alias (_ declarator: (type_identifier) @_alias)]) @definition.struct
  (#not-eq? @name @_alias))
((type_definition type: (_ . "enum" name: (type_identifier) @name body: (_) @body)
  declarator: (type_identifier) @_alias) @definition.enum
  (#not-eq? @name @_alias))
(type_definition type: (_ . ["struct" "union"] body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (_ . "enum" body: (_) @body) declarator: (type_identifier) @name) @definition.enum
(type_definition type: (_ . ["struct" "union"] body: (_))
  declarator: (_ "*" declarator: (type_identifier) @name) @definition.type)
(type_definition type: (_ !body) declarator: [
  (type_identifier) @name
  (_ declarator: (type_identifier) @name)
  (_ declarator: (_ (_ "*" declarator: (type_identifier) @name)) parameters: (_))
  (_ "*" declarator: (_ declarator: (_ (_ "*" declarator: (type_identifier) @name)) parameters: (_)))]) @definition.type

; Members
(field_declaration type: (_ . ["struct" "union"] body: (_) @body) declarator: (field_identifier) @name) @definition.field
(field_declaration declarator: [
  (field_identifier) @name
  (_ declarator: [(field_identifier) @name (_ declarator: (field_identifier) @name !parameters)] !parameters)
  (_ declarator: (_ (_ "*" declarator: (field_identifier) @name)) parameters: (_))
  (_ "*" declarator: (_ declarator: (_ (_ "*" declarator: (field_identifier) @name)) parameters: (_)))]) @definition.field
(enumerator name: (identifier) @name) @definition.field

; Variables of the file
(translation_unit (declaration declarator: [
  (identifier) @name
  (_ declarator: (identifier) @name !parameters)
  (_ declarator: (_ declarator: [(identifier) @name (_ declarator: (identifier) @name "]")] !parameters) !parameters)
  (_ declarator: (_ (_ "*" declarator: [(identifier) @name (_ declarator: (identifier) @name "]")])) parameters: (_))
  (_ declarator: (_ declarator: (_ (_ "*" declarator: [
    (identifier) @name (_ declarator: (identifier) @name "]")])) parameters: (_)) value: (_))
]) @definition.variable)
(translation_unit (_ . ["#if" "#ifdef" "#ifndef"] (declaration declarator: [
  (identifier) @name
  (_ declarator: (identifier) @name !parameters)
  (_ declarator: (_ declarator: (identifier) @name !parameters) !parameters)
]) @definition.variable))

; References
(call_expression function: [
  (identifier) @reference.call
  (_ field: (field_identifier) @reference.call)
  (_ (_ operator: ["*" "&"] argument: (identifier) @reference.call))])
(initializer_pair value: (identifier) @reference.call)
(preproc_include path: [(string_literal) (system_lib_string)] @reference.import)
