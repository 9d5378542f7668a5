/** Round seconds, minutes or hours from 0 to at least `max` seconds. */
export function niceTimeTicks(max: number, about: number): readonly number[] {
  const unit = max > 7_200 ? 3_600 : max > 120 ? 60 : 1;
  return niceTicks(max / unit, about).map((tick) => tick * unit);
}

/** Round numbers from 0 to at least `max`, about so many. */
export function niceTicks(max: number, about: number, base: 10 | 2 = 10): readonly number[] {
  const rough = max / about;
  const power = base ** Math.floor(Math.log(rough) / Math.log(base));
  const factors = base === 10 ? [1, 2, 5, 10] : [1, 2];
  const step = power * (factors.find((factor) => factor * power >= rough) ?? 1);
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}
