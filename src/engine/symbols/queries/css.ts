export const cssQuery = `
(rule_set (selectors) @name) @class
(keyframes_statement (keyframes_name) @name) @function
(rule_set (block (declaration (property_name) @name) @property) (#match? @name "^--"))
`;
