/** The toolbar popup. */
import { mount } from 'svelte';
import { loadSettings } from '../../settings.ts';
import App from './App.svelte';

mount(App, { target: document.body, props: { coordinator: (await loadSettings()).coordinator } });
