; Functions, those that return a pointer or reference in a second form; the qualifier of a name written outside its
; class is the parent. What has parameters or a scope is known by that: a named node type takes longer to compile
((function_definition
  declarator: [
    (_ declarator: [
      (identifier) @name (field_identifier) @name (operator_name) @name (destructor_name) @name
      (template_function name: (identifier) @name)
      (_ scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: [
        (identifier) @name (operator_name) @name (destructor_name) @name
        (_ scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: [
          (identifier) @name (operator_name) @name (destructor_name) @name
          (_ scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: [(identifier) @name (destructor_name) @name])])])] parameters: (_))
    (_ ["*" "&" "&&"] (_ declarator: [
      (identifier) @name (field_identifier) @name (operator_name) @name (destructor_name) @name
      (template_function name: (identifier) @name)
      (_ scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: [
        (identifier) @name (operator_name) @name (destructor_name) @name
        (_ scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: [
          (identifier) @name (operator_name) @name (destructor_name) @name
          (_ scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: [(identifier) @name (destructor_name) @name])])])] parameters: (_)) .)
    (operator_cast) @name]
  [
    (field_initializer_list) @body
    (compound_statement) @body
    (try_statement) @body
    (default_method_clause)
    (delete_method_clause)]) @definition.function
  (#not-match? @name "^(TYPED_)?TEST(_[FP])?$"))

; Declarations of functions; those in capitals are macros, and a static one only announces its function
((field_declaration declarator: [
  (_ declarator: [(field_identifier) @name (operator_name) @name] parameters: (_))
  (_ ["*" "&" "&&"] (_ declarator: [(field_identifier) @name (operator_name) @name] parameters: (_)) .)] ";" @body) @definition.method
  (#not-match? @name "^[A-Z][A-Z0-9]*_[A-Z0-9_]+$"))
(field_declaration_list (declaration declarator: [
  (_ declarator: [(identifier) @name (destructor_name) @name] parameters: (_))
  (operator_cast) @name] ";" @body) @definition.method
  (#not-match? @name "^[A-Z][A-Z0-9]*_[A-Z0-9_]+$"))
(template_declaration (declaration declarator: [
  (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_))
  (_ ["*" "&" "&&"] (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_)) .)] ";" @body) @definition.function)
(translation_unit (declaration declarator: [
  (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_))
  (_ ["*" "&" "&&"] (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_)) .)] ";" @body) @definition.function
  (#not-match? @definition.function "^static\\s"))
(declaration_list (declaration declarator: [
  (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_))
  (_ ["*" "&" "&&"] (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_)) .)] ";" @body) @definition.function
  (#not-match? @definition.function "^static\\s"))
(preproc_ifdef (declaration declarator: [
  (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_))
  (_ ["*" "&" "&&"] (_ declarator: [(identifier) @name (operator_name) @name] parameters: (_)) .)] ";" @body) @definition.function
  (#not-match? @definition.function "^static\\s"))
[
  (preproc_if (declaration declarator: (_ declarator: (identifier) @name parameters: (_)) ";" @body) @definition.function)
  (linkage_specification (declaration declarator: (_ declarator: (identifier) @name parameters: (_)) ";" @body)
    @definition.function)
]
(preproc_function_def name: (identifier) @name value: (_)? @body) @definition.macro
(preproc_def name: (identifier) @name value: (_)) @definition.constant

; Tests of the form TEST(Suite, Name)
((function_definition
  declarator: (_ declarator: (identifier) @_macro parameters: (_
    . (_ type: (type_identifier) @parent)
    . (_ type: (type_identifier) @name) .))
  body: (_) @body) @definition.test
  (#match? @_macro "^(TYPED_)?TEST(_[FP])?$"))

; Namespaces and types; a typedef names its struct
(namespace_definition name: (_) @name body: (_) @body) @definition.module
(class_specifier name: [(type_identifier) @name (_ name: (type_identifier) @name)] body: (_) @body) @definition.class
([
  (struct_specifier name: [(type_identifier) @name (_ name: (type_identifier) @name)] body: (_) @body)
  (union_specifier name: (type_identifier) @name body: (_) @body)
] @definition.struct . ";")
(template_declaration (struct_specifier
  name: [(type_identifier) @name (_ name: (type_identifier) @name)] body: (_) @body) @definition.struct)
((enum_specifier name: (type_identifier) @name body: (_) @body) @definition.enum . ";")
(declaration type: (_ . ["struct" "union"] name: (type_identifier) @name body: (_) @body) @definition.struct)
(declaration type: (_ . "enum" name: (type_identifier) @name body: (_) @body) @definition.enum)
(field_declaration type: (_ . ["struct" "union"] name: (type_identifier) @name body: (_) @body) @definition.struct)
(field_declaration type: (_ . "enum" name: (type_identifier) @name body: (_) @body) @definition.enum)
(enumerator name: (identifier) @name) @definition.field
(template_declaration (concept_definition name: (identifier) @name) @definition.type)
[
  (translation_unit (alias_declaration name: (type_identifier) @name) @definition.type)
  (declaration_list (alias_declaration name: (type_identifier) @name) @definition.type)
  (field_declaration_list (alias_declaration name: (type_identifier) @name) @definition.type)
  (template_declaration (alias_declaration name: (type_identifier) @name) @definition.type)
]
((type_definition type: (_ . ["struct" "union" "class"] name: (type_identifier) @name body: (_) @body)
  declarator: [(type_identifier) @_alias (_ declarator: (type_identifier) @_alias)]) @definition.struct
  (#not-eq? @name @_alias))
((type_definition type: (_ . "enum" name: (type_identifier) @name body: (_) @body)
  declarator: (type_identifier) @_alias) @definition.enum
  (#not-eq? @name @_alias))
(type_definition type: (_ . ["struct" "union" "class"] body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (_ . "enum" body: (_) @body) declarator: (type_identifier) @name) @definition.enum
(type_definition type: (_ !body) declarator: [
  (type_identifier) @name
  (_ declarator: (type_identifier) @name)
  (_ declarator: (_ (_ declarator: (type_identifier) @name !parameters)) parameters: (_))]) @definition.type

; Members
(field_declaration type: (_ . ["struct" "union"] body: (_) @body) declarator: (field_identifier) @name) @definition.field
(field_declaration declarator: [
  (field_identifier) @name
  (reference_declarator (field_identifier) @name)
  (_ declarator: [(field_identifier) @name (_ declarator: (field_identifier) @name !parameters)] !parameters)
  (_ declarator: (_ (_ declarator: (field_identifier) @name !parameters)) parameters: (_))]) @definition.field

; Values of a file or namespace
(translation_unit (declaration declarator: (_ declarator: [
    (identifier) @name
    (_ declarator: (identifier) @name !parameters)] value: (_))) @definition.constant
  (#match? @definition.constant "^((static|inline|extern)\\s+)*const(expr|init)?\\s+[^*=({]*[={(]"))
(translation_unit (declaration declarator: [
    (identifier) @name
    (_ declarator: (identifier) @name !parameters)
    (_ declarator: (_ declarator: (identifier) @name !parameters) value: (_))]) @definition.variable
  (#not-match? @definition.variable "^((static|inline|extern)\\s+)*const(expr|init)?\\s+[^*=({]*[={(]"))
(declaration_list (declaration declarator: (_ declarator: [
    (identifier) @name
    (_ declarator: (identifier) @name !parameters)] value: (_))) @definition.constant
  (#match? @definition.constant "^((static|inline|extern)\\s+)*const(expr|init)?\\s+[^*=({]*[={(]"))
(declaration_list (declaration declarator: [
    (identifier) @name
    (_ declarator: (identifier) @name !parameters)
    (_ declarator: (_ declarator: (identifier) @name !parameters) value: (_))]) @definition.variable
  (#not-match? @definition.variable "^((static|inline|extern)\\s+)*const(expr|init)?\\s+[^*=({]*[={(]"))

; Members that get their value outside their class
(declaration declarator: [
  (qualified_identifier scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: (identifier) @name)
  (_ declarator: (qualified_identifier
    scope: [(namespace_identifier) @parent (_ name: (type_identifier) @parent)] name: (identifier) @name) !parameters)
]) @definition.variable
(translation_unit (preproc_ifdef (declaration declarator: [
  (identifier) @name
  (array_declarator declarator: (identifier) @name)
  (_ declarator: (identifier) @name value: (_))]) @definition.variable))

; References
(call_expression function: [
  (identifier) @reference.call
  (_ name: [
    (identifier) @reference.call
    (_ name: [(identifier) @reference.call (_ name: (identifier) @reference.call)])])
  (field_expression field: [(field_identifier) @reference.call (_ name: (field_identifier) @reference.call)])
  (parenthesized_expression (_ operator: ["*" "&"] argument: (identifier) @reference.call))])
(new_expression type: [
  (type_identifier) @reference.call
  (_ name: [(type_identifier) @reference.call (template_type name: (type_identifier) @reference.call)])])
(compound_literal_expression type: (type_identifier) @reference.call)
(initializer_pair value: (identifier) @reference.call)
(base_class_clause [
  (type_identifier) @reference.inherit
  (_ name: [(type_identifier) @reference.inherit (_ name: (type_identifier) @reference.inherit)])])
(preproc_include path: [(string_literal) (system_lib_string)] @reference.import)
