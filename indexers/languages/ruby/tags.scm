; Definitions
(module name: (constant) @name . [(comment) ";"]? @body) @definition.module
(module name: (scope_resolution scope: (_) @parent name: (constant) @name) . [(comment) ";"]? @body) @definition.module
(class name: (constant) @name superclass: (_)? . [(comment) ";"]? @body) @definition.class
(class name: (scope_resolution scope: (_) @parent name: (constant) @name) superclass: (_)? . [(comment) ";"]? @body) @definition.class

(program (method name: (_) @name parameters: (_)? . [(comment) ";"]? @body) @definition.function)
(method name: (_) @name parameters: (_)? . [(comment) ";"]? @body) @definition.method
(singleton_method name: (_) @name parameters: (_)? . [(comment) ";"]? @body) @definition.method
(alias name: (_) @name) @definition.method

((assignment left: (constant) @name
  right: (call receiver: (constant) method: (identifier) block: (_)? @body)) @definition.class
  (#match? @definition.class "^\\w+\\s*=\\s*((Struct|Class)\\.new|Data\\.define)\\b"))
((assignment left: (constant) @name
  right: (call receiver: (constant) method: (identifier) block: (_)? @body)) @definition.module
  (#match? @definition.module "^\\w+\\s*=\\s*Module\\.new\\b"))
((assignment left: (constant) @name) @definition.constant
  (#not-match? @definition.constant "^\\w+\\s*=\\s*((Struct|Class|Module)\\.new|Data\\.define)\\b"))
(operator_assignment left: (constant) @name) @definition.constant
(assignment left: (left_assignment_list (constant) @name)) @definition.constant
(program (assignment left: (global_variable) @name) @definition.variable)
(class body: (body_statement (assignment left: (class_variable) @name) @definition.field))
(module body: (body_statement (assignment left: (class_variable) @name) @definition.field))

((call method: (identifier) @_method arguments: (argument_list (simple_symbol) @name)) @definition.property
  (#match? @_method "^((thread_)?[mc]?attr_(internal_)?(reader|writer|accessor)|class_attribute)$"))
((call method: (identifier) @_method arguments: (argument_list . (simple_symbol) @name)) @definition.property
  (#match? @_method "^(attribute|has_many|has_one|belongs_to|has_and_belongs_to_many)$"))
((call method: (identifier) @_method arguments: (argument_list . (simple_symbol) @name) block: (_)? @body) @definition.method
  (#match? @_method "^(alias_method|define_method|scope)$"))

((call method: (identifier) @_method arguments: (argument_list . (string) @name) block: (_) @body) @definition.test
  (#match? @_method "^(test|it|specify|example|scenario|should)$"))
((call method: (identifier) @_method arguments: (argument_list . [(string) (constant) (scope_resolution)] @name)
  block: (_) @body) @definition.block
  (#match? @_method "^(describe|context|feature|shared_examples|shared_context)$"))
((call method: (identifier) @_method
  arguments: (argument_list . [(simple_symbol) @name (string) @name (pair key: (_) @name)])
  block: (_)? @body) @definition.target
  (#match? @_method "^(multi)?task$"))

; References
(call method: [(identifier) (constant)] @reference.call)
(body_statement (identifier) @reference.call)
(block_body (identifier) @reference.call)
(then (identifier) @reference.call)
(superclass [(constant) @reference.inherit (scope_resolution name: (constant) @reference.inherit)])
(call method: (identifier) @_method
  arguments: (argument_list [(constant) @reference.inherit (scope_resolution name: (constant) @reference.inherit)])
  (#match? @_method "^(include|extend|prepend)$"))
(call method: (identifier) @_method arguments: (argument_list (string (string_content) @reference.import))
  (#match? @_method "^(require|require_relative|require_dependency|load|autoload)$"))
