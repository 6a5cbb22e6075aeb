export const iniQuery = `
(section (section_name (text) @name)) @module
(setting (setting_name) @name) @property
`;
