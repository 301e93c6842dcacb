; Keys of the outer mappings; a third level only where it opens another mapping.
(document (block_node (block_mapping (block_mapping_pair key: (flow_node) @name) @definition.key)))
(document (block_node (block_mapping (block_mapping_pair value: (block_node (block_mapping
  (block_mapping_pair key: (flow_node) @name) @definition.key))))))
(document (block_node (block_mapping (block_mapping_pair value: (block_node (block_mapping
  (block_mapping_pair value: (block_node (block_mapping
    (block_mapping_pair key: (flow_node) @name value: (block_node (block_mapping))) @definition.key)))))))))

; Items of a list that start with their name: steps, tasks, containers.
((block_sequence_item (block_node (block_mapping
  . (block_mapping_pair value: (flow_node) @name)))) @definition.block
  (#match? @definition.block "^-\\s+name:"))
