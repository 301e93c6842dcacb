; Definitions
(from_instruction as: (image_alias) @name) @definition.stage
(from_instruction (image_spec) @name !as) @definition.stage
(arg_instruction name: (_) @name) @definition.variable
(env_pair name: (_) @name) @definition.variable

; References
(from_instruction (image_spec name: (image_name) @reference.inherit))
