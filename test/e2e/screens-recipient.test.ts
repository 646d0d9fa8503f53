/** Every screen of whoever receives. */
import { testScreens } from './test-screens.ts';

testScreens('recipient');
