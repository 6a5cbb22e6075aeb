/** JavaScript with JSX. */

/**
 * What JavaScript and TypeScript have in common.
 * @param className node type of a class's name, which the grammars call differently
 */
export function javascriptPatterns(className: string): string {
  const top = (declaration: string): string => `
(program ${declaration})
(program (export_statement ${declaration}))`;
  const variable = (value: string, kind: string): string =>
    ["lexical_declaration", "variable_declaration"]
      .map((node) => top(`(${node} (variable_declarator name: (identifier) @name ${value}) @${kind})`))
      .join("");
  return `
(class_declaration name: (${className}) @name) @class
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: (_) @name) @method
${variable("value: [(arrow_function) (function_expression)]", "function")}
${variable("value: (class)", "class")}
${variable("", "variable")}
`;
}

export const javascriptQuery = `
${javascriptPatterns("identifier")}
(field_definition property: (_) @name) @property
(program (expression_statement (assignment_expression
  left: (member_expression property: (_) @name)
  right: [(arrow_function) (function_expression)]) @function))
`;
