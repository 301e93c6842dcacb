; Definitions
(create_table (object_reference !schema name: (identifier) @name)
  (column_definitions)? @body) @definition.table
(create_table (object_reference schema: (identifier) @parent name: (identifier) @name)
  (column_definitions)? @body) @definition.table
(create_view (object_reference !schema name: (identifier) @name) (keyword_as) @body) @definition.table
(create_view (object_reference schema: (identifier) @parent name: (identifier) @name) (keyword_as) @body) @definition.table
(create_materialized_view (object_reference !schema name: (identifier) @name) (keyword_as) @body) @definition.table
(create_materialized_view (object_reference schema: (identifier) @parent name: (identifier) @name) (keyword_as) @body) @definition.table
(column_definitions (column_definition name: [(identifier) (literal)] @name) @definition.field)
(alter_table (object_reference) @parent
  (add_column (column_definition name: [(identifier) (literal)] @name) @definition.field))
(create_index column: (identifier) @name) @definition.key
(create_type (object_reference name: (identifier) @name) (keyword_enum)) @definition.enum
(create_type (object_reference name: (identifier) @name) [(column_definitions) (keyword_range)]) @definition.type
(enum_elements (literal) @name @definition.field)
(create_function (object_reference name: (identifier) @name) (function_body) @body) @definition.function
(create_procedure (object_reference name: (identifier) @name) (procedure_body) @body) @definition.function
(create_trigger (keyword_trigger) . (object_reference name: (identifier) @name)) @definition.rule
(create_policy (keyword_policy) . (object_reference name: (identifier) @name)) @definition.rule
(create_sequence (object_reference name: (identifier) @name)) @definition.variable
(create_schema (identifier) @name) @definition.module
(create_database (identifier) @name) @definition.module

; References
(invocation (object_reference name: (identifier) @reference.call))
(create_trigger (keyword_execute) (object_reference name: (identifier) @reference.call))
(relation (object_reference name: (identifier) @reference.call))
(from (object_reference name: (identifier) @reference.call))
(insert (object_reference name: (identifier) @reference.call))
(alter_table (object_reference name: (identifier) @reference.call))
(column_definition (keyword_references) (object_reference name: (identifier) @reference.call))
(constraint (keyword_references) (object_reference name: (identifier) @reference.call))
