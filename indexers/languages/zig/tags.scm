; Definitions
((function_declaration name: (identifier) @name) @definition.function
  (#not-match? @definition.function "^[^{]*\\)\\s*type\\s*\\{"))
; A function that returns a type is that type, generic.
((function_declaration name: (identifier) @name) @definition.struct
  (#match? @definition.struct "^[^{]*\\)\\s*type\\s*\\{"))

(variable_declaration ["const" "var"] . (identifier) @name
  [(struct_declaration) (union_declaration) (opaque_declaration)]) @definition.struct
(variable_declaration ["const" "var"] . (identifier) @name
  [(enum_declaration) (error_set_declaration)]) @definition.enum

; Fields of named types; not those of a struct spelled out in a parameter.
(source_file (container_field name: (identifier) @name) @definition.field)
(variable_declaration [
  (struct_declaration (container_field name: (identifier) @name) @definition.field)
  (union_declaration (container_field name: (identifier) @name) @definition.field)
  (enum_declaration (container_field name: (identifier) @name) @definition.field)])
(return_expression [
  (struct_declaration (container_field name: (identifier) @name) @definition.field)
  (union_declaration (container_field name: (identifier) @name) @definition.field)])
(error_set_declaration (identifier) @name @definition.field)

(source_file (variable_declaration "const" . (identifier) @name) @definition.constant
  (#not-match? @definition.constant "^const\\s[^=]*=\\s*@import\\(")
  (#not-match? @definition.constant "^[^=]*=\\s*@This\\(")
  (#not-match? @definition.constant "^[^=]*=\\s*(extern\\s+|packed\\s+)?(struct|union|enum|opaque|error)\\b[^.]"))
(source_file (variable_declaration "var" . (identifier) @name) @definition.variable)
([(struct_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)
  (union_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)
  (enum_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)
  (opaque_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)]
  (#not-match? @definition.constant "^[^=]*=\\s*@This\\(")
  (#not-match? @definition.constant "^[^=]*=\\s*(extern\\s+|packed\\s+)?(struct|union|enum|opaque|error)\\b[^.]"))
(struct_declaration (variable_declaration "var" . (identifier) @name) @definition.variable)

(test_declaration (string (string_content) @name)) @definition.test
(test_declaration (identifier) @name) @definition.test

; References
(call_expression function: [
  (identifier) @reference.call
  (field_expression member: (identifier) @reference.call)])
(builtin_function (arguments . (string (string_content) @reference.import) .)
  (#match? @reference.import "\\.[a-z]+$|^(std|builtin|root)$"))
(variable_declaration (builtin_function (arguments . (string (string_content) @reference.import) .))
  (#match? @reference.import "^[A-Za-z0-9_-]+$"))
(field_expression object: (builtin_function (arguments . (string (string_content) @reference.import) .))
  (#match? @reference.import "^[A-Za-z0-9_-]+$"))
