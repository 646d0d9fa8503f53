/** What Vite's `?worker&url` imports and Svelte's runes mean to the type checker. */
/// <reference types="vite/client" />
/// <reference types="svelte" />
