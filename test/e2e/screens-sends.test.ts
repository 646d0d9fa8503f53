/** Every screen of whoever looks after what was sent. */
import { testScreens } from './test-screens.ts';

testScreens('sends');
