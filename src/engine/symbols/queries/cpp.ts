/** C and C++. A declarator's name stands inside of it: see `nameNode`. */

const FUNCTION = `[
  (function_declarator)
  (pointer_declarator (function_declarator))
  (pointer_declarator (pointer_declarator (function_declarator)))
  (reference_declarator (function_declarator))
]`;
const VARIABLE = `[(identifier) (init_declarator) (array_declarator) (pointer_declarator (identifier))]`;
/** Where declarations stand that are not local. */
const OUTSIDE = ["translation_unit", "declaration_list", "preproc_ifdef", "preproc_if", "preproc_else"];

const outside = OUTSIDE.map(
  (node) => `
(${node} (declaration declarator: ${FUNCTION} @name) @function)
(${node} (declaration declarator: ${VARIABLE} @name) @variable)`,
).join("");

export const cppQuery = `
(namespace_definition name: (_) @name) @module
(class_specifier name: (_) @name body: (_)) @class
(struct_specifier name: (_) @name body: (_)) @struct
(union_specifier name: (_) @name body: (_)) @struct
(enum_specifier name: (_) @name body: (_)) @enum
(alias_declaration name: (_) @name) @type
(concept_definition name: (_) @name) @type
(type_definition declarator: (type_identifier) @name) @type
(function_definition declarator: (_) @name) @function
(linkage_specification body: (declaration declarator: ${FUNCTION} @name) @function)
${outside}
(field_declaration declarator: ${FUNCTION} @name) @method
(field_declaration_list (declaration declarator: ${FUNCTION} @name) @method)
(field_declaration declarator: (_) @name) @property
(preproc_def name: (_) @name value: (_)) @macro
(preproc_function_def name: (_) @name) @macro
`;
