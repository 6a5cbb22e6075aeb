export const rustQuery = `
(struct_item name: (_) @name) @struct
(union_item name: (_) @name) @struct
(enum_item name: (_) @name) @enum
(trait_item name: (_) @name) @interface
(impl_item type: (_) @name) @class
(mod_item name: (_) @name) @module
(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @function
(type_item name: (_) @name) @type
(associated_type name: (_) @name) @type
(const_item name: (_) @name) @variable
(static_item name: (_) @name) @variable
(field_declaration name: (_) @name) @property
(macro_definition name: (_) @name) @macro
`;
