/** The options page. */
import { mount } from 'svelte';
import { beginLanguage } from '../../language.ts';
import { loadSettings } from '../../settings.ts';
import App from './App.svelte';

await beginLanguage();
mount(App, { target: document.body, props: { settings: await loadSettings() } });
