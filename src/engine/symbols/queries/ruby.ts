export const rubyQuery = `
(module name: (_) @name) @module
(class name: (_) @name) @class
(method name: (_) @name) @function
(singleton_method name: (_) @name) @function
(program (assignment left: (constant) @name) @variable)
(body_statement (assignment left: (constant) @name) @property)
`;
