// What every kernel shares. A product is rounded before it is added, so plain SIMD gives the same bits everywhere; the relaxed
// flavour may fuse the two, at the processor's choice.

@inline
export function madd(product: v128, factor: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(product, factor, sum);
  return f32x4.add(sum, f32x4.mul(product, factor));
}

/** The sum of four lanes, pairwise: (0 + 1) + (2 + 3). */
@inline
export function sumLanes(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  );
}
