; Keys of the outer objects; a third level only where it opens another object.
(document (object (pair key: (string) @name
  value: [(string) (number) (array) (true) (false) (null)]) @definition.key))
(document (object (pair key: (string) @name value: (object) @body) @definition.key))
(document (object (pair value: (object (pair key: (string) @name
  value: [(string) (number) (array) (true) (false) (null)]) @definition.key))))
(document (object (pair value: (object (pair key: (string) @name value: (object) @body) @definition.key))))
(document (object (pair value: (object (pair value: (object
  (pair key: (string) @name value: (object) @body) @definition.key))))))
