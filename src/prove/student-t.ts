/** Student's t distribution, by the incomplete beta function (Numerical Recipes, 6.4; DLMF 8.17.22). */

/** Relative accuracy of the continued fraction. */
const EPSILON = 1e-15;
const TINY = 1e-300;

/** ln Γ(x) for x > 0: Lanczos with g = 7, nine terms (Godfrey). */
function logGamma(x: number): number {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  const z = x - 1;
  const sum = terms.reduce((all, term, at) => all + term / (z + at + 1), 0.9999999999998099);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised incomplete beta function I_x(a, b). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast only below the mean.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return (front * betaFraction(a, b, x)) / a;
}

/** Lentz's method. */
function betaFraction(a: number, b: number, x: number): number {
  const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 1_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const numerator of [even, odd]) {
      d = 1 / away(1 + numerator * d);
      c = away(1 + numerator / c);
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return fraction;
}

/** Probability of a value beyond |t|, on both sides. */
export const tTwoSided = (t: number, freedom: number): number =>
  incompleteBeta(freedom / 2, 0.5, freedom / (freedom + t * t));

/** The value that is exceeded with probability 1 - `probability`. `probability` is in (0, 1). */
export function tQuantile(probability: number, freedom: number): number {
  if (probability === 0.5) return 0;
  if (probability < 0.5) return -tQuantile(1 - probability, freedom);
  const beyond = 2 * (1 - probability);
  let high = 1;
  while (tTwoSided(high, freedom) > beyond) high *= 2;
  let low = 0;
  // Bisection to the last bit: the tail falls all the way.
  for (let middle = high / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (tTwoSided(middle, freedom) > beyond) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
