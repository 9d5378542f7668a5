import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planRetention } from './plan-retention.ts';
import { summarizePlan } from './summarize-plan.ts';
import { scenes, toPlanInput } from './testing.ts';

it('counts every archive once, in its namespace and in all', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const input = toPlanInput(scene);
      const { total, namespaces } = summarizePlan(planRetention(input));
      const sums = [total, ...namespaces.values()].map(({ keep, delete: gone, audit }) => ({
        count: keep.count + gone.count + audit.count,
        bytes: keep.bytes + gone.bytes + audit.bytes,
      }));
      const [all, ...each] = sums;
      expect(all?.count).toBe(input.archives.length);
      expect(each.reduce((sum, { count }) => sum + count, 0)).toBe(all?.count);
      expect(each.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(all?.bytes);
    }),
  );
});
