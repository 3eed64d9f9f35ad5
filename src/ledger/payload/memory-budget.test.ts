import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createWorld } from '../../environment/sim/index.ts';
import { createMemoryBudget } from './memory-budget.ts';

it('never gives more than there is, and takes back each piece once', () => {
  const { metrics } = createWorld({ seed: 1 }).addNode(`0x${'11'.repeat(20)}`);
  const steps = fc.array(fc.oneof(fc.nat({ max: 60 }), fc.constant('back' as const)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const budget = createMemoryBudget(100, metrics);
      const pieces: { readonly bytes: number; readonly giveBack: () => void }[] = [];
      let used = 0;
      for (const step of list) {
        if (step === 'back') {
          const piece = pieces.shift();
          piece?.giveBack();
          piece?.giveBack();
          used -= piece?.bytes ?? 0;
        } else {
          const giveBack = budget.take(step);
          expect(giveBack === undefined).toBe(used + step > 100);
          if (giveBack === undefined) continue;
          used += step;
          pieces.push({ bytes: step, giveBack });
        }
        expect(budget.usedBytes).toBe(used);
      }
      for (const { giveBack } of pieces) giveBack();
      expect(budget.usedBytes).toBe(0);
    }),
  );
});
