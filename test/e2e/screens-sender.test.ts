/** Every screen of whoever sends. */
import { testScreens } from './test-screens.ts';

testScreens('sender');
