/** TypeScript and TSX; `javascript.ts` holds what both languages have. */
import { javascriptPatterns } from "./javascript";

export const typescriptQuery = `
${javascriptPatterns("type_identifier")}
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(enum_declaration name: (_) @name) @enum
(type_alias_declaration name: (_) @name) @type
(function_signature name: (_) @name) @function
(method_signature name: (_) @name) @method
(abstract_method_signature name: (_) @name) @method
(public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @method
(public_field_definition name: (_) @name) @property
(interface_body (property_signature name: (_) @name) @property)
(internal_module name: (_) @name) @module
(module name: (_) @name) @module
`;
