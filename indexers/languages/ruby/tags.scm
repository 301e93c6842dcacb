; Definitions
(module name: (constant) @name . [(comment) ";"]? @body) @definition.module
(module name: (_ scope: (_) @parent name: (constant) @name) . [(comment) ";"]? @body) @definition.module
(class name: (constant) @name superclass: (_)? . [(comment) ";"]? @body) @definition.class
(class name: (_ scope: (_) @parent name: (constant) @name) superclass: (_)? . [(comment) ";"]? @body) @definition.class

(program (method name: (_) @name parameters: (_)? . [(comment) ";"]? @body) @definition.function)
(method name: (_) @name parameters: (_)? . [(comment) ";"]? @body) @definition.method
(singleton_method name: (_) @name parameters: (_)? . [(comment) ";"]? @body) @definition.method
(alias name: (_) @name) @definition.method

((assignment left: (constant) @name
  right: (_ receiver: (constant) method: (identifier) block: (_)? @body)) @definition.class
  (#match? @definition.class "^\\w+\\s*=\\s*((Struct|Class)\\.new|Data\\.define)\\b"))
((assignment left: (constant) @name
  right: (_ receiver: (constant) method: (identifier) block: (_)? @body)) @definition.module
  (#match? @definition.module "^\\w+\\s*=\\s*Module\\.new\\b"))
((assignment left: (constant) @name) @definition.constant
  (#not-match? @definition.constant "^\\w+\\s*=\\s*((Struct|Class|Module)\\.new|Data\\.define)\\b"))
(operator_assignment left: (constant) @name) @definition.constant
(assignment left: (left_assignment_list (constant) @name)) @definition.constant
(program (_ left: (global_variable) @name) @definition.variable)
(class body: (_ (_ left: (class_variable) @name) @definition.field))
(module body: (_ (_ left: (class_variable) @name) @definition.field))

((call method: (identifier) @_method arguments: (_ (simple_symbol) @name)) @definition.property
  (#match? @_method "^((thread_)?[mc]?attr_(internal_)?(reader|writer|accessor)|class_attribute)$"))
((call method: (identifier) @_method arguments: (_ . (simple_symbol) @name)) @definition.property
  (#match? @_method "^(attribute|has_many|has_one|belongs_to|has_and_belongs_to_many)$"))
((call method: (identifier) @_method arguments: (_ . (simple_symbol) @name) block: (_)? @body) @definition.method
  (#match? @_method "^(alias_method|define_method|scope)$"))

((call method: (identifier) @_method arguments: (_ . (string) @name) block: (_) @body) @definition.test
  (#match? @_method "^(test|it|specify|example|scenario|should)$"))
((call method: (identifier) @_method arguments: (_ . [(string) (constant) (scope_resolution)] @name)
  block: (_) @body) @definition.block
  (#match? @_method "^(describe|context|feature|shared_examples|shared_context)$"))
((call method: (identifier) @_method
  arguments: (_ . [(simple_symbol) @name (string) @name (_ key: (_) @name)])
  block: (_)? @body) @definition.target
  (#match? @_method "^(multi)?task$"))

; References
(call method: [(identifier) (constant)] @reference.call)
(body_statement (identifier) @reference.call)
(block_body (identifier) @reference.call)
(then (identifier) @reference.call)
(superclass [(constant) @reference.inherit (_ name: (constant) @reference.inherit)])
(call method: (identifier) @_method
  arguments: (_ [(constant) @reference.inherit (_ name: (constant) @reference.inherit)])
  (#match? @_method "^(include|extend|prepend)$"))
(call method: (identifier) @_method arguments: (_ (_ (string_content) @reference.import))
  (#match? @_method "^(require|require_relative|require_dependency|load|autoload)$"))
