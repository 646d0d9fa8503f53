import { describe, expect, it } from 'vitest';
import { qualityOf } from './quality.ts';
import { middleOf, node } from './testing/nodes.ts';

const EUROPE = middleOf(2);
const quality = (values: Parameters<typeof node>[1], sender: typeof EUROPE | null = EUROPE): number => qualityOf(node(2, values), sender);

describe('the quality of a node', () => {
  it('falls with distance to half on the other side of the Earth; who does not say where it stands counts as half way', () => {
    expect(quality({ region: EUROPE })).toBe(1);
    expect(quality({ region: { latitude: -EUROPE.latitude, longitude: EUROPE.longitude - 180 } })).toBeCloseTo(1 / 2, 6);
    expect(quality({ region: null })).toBe(3 / 4);
  });
  it('knows no distance where the sender’s place is unknown', () => {
    expect(quality({ region: middleOf(8) }, null)).toBe(quality({ region: null }, null));
  });
  it('gains nothing from more than twice the median speed, and loses nothing below half of it', () => {
    expect(quality({ speed: 2 })).toBe(quality({ speed: 40 }));
    expect(quality({ speed: 0.5 })).toBe(quality({ speed: 0 }));
    expect(quality({ speed: null })).toBe(quality({ speed: 1 }));
  });
  it('counts a node at the edge of quarantine three quarters', () => {
    expect(quality({ integrity: 0.97 })).toBeCloseTo(0.74, 2);
  });
});
