; Definitions
(function_definition name: (identifier) @name
  body: (_ . (expression_statement (string (string_content) @doc))?) @body) @definition.function

(class_definition name: (identifier) @name
  body: (_ . (expression_statement (string (string_content) @doc))?) @body) @definition.class

; Names that an assignment binds, at the top of a file and in what it tries or chooses there
(module [
  (expression_statement (assignment left: [(identifier) @name (pattern_list (identifier) @name)]))
  (expression_statement (assignment right: (assignment left: (identifier) @name)))
] @definition.constant
  (#match? @name "^_*[A-Z]"))
(module [
  (try_statement body: (_ (expression_statement (assignment left: (identifier) @name)) @definition.constant))
  (if_statement consequence: (_ (expression_statement (assignment left: (identifier) @name)) @definition.constant))]
  (#match? @name "^_*[A-Z]"))
(module [
  (expression_statement (assignment left: [(identifier) @name (pattern_list (identifier) @name)]))
  (expression_statement (assignment right: (assignment left: (identifier) @name)))
] @definition.variable
  (#not-match? @name "^_*[A-Z]"))
(module . (expression_statement (string (string_content) @doc))) @definition.file

(class_definition body: (_
  (expression_statement (assignment left: [(identifier) @name (pattern_list (identifier) @name)])) @definition.field))
(type_alias_statement left: (type [(identifier) @name (generic_type . (identifier) @name)])) @definition.type

; References
(call function: [
  (identifier) @reference.call
  (_ attribute: (identifier) @reference.call)])
(decorator [
  (identifier) @reference.call
  (_ attribute: (identifier) @reference.call)])
(class_definition superclasses: (argument_list [
  (identifier) @reference.inherit
  (_ attribute: (identifier) @reference.inherit)
  (subscript value: (identifier) @reference.inherit)]))
(import_statement name: [
  (dotted_name) @reference.import
  (aliased_import name: (dotted_name) @reference.import)])
(import_from_statement module_name: (_) @reference.import)
(import_from_statement name: [
  (dotted_name) @reference.import
  (aliased_import name: (dotted_name) @reference.import)])
