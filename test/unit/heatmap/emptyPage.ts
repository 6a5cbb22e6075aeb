/** A page without translations, for modules of a view that look for some when they are loaded. Import it first. */
Object.assign(globalThis, { document: { querySelector: () => null } });
