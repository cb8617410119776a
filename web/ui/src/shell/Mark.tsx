/** The mark: a drop of ink that spreads in water. */
export function Mark({ size = 18 }: { readonly size?: number | string }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="none" aria-hidden="true" focusable="false">
      <path
        d="M10 1.6c2.4 3.1 4.6 5.5 4.6 8.4a4.6 4.6 0 0 1-9.2 0c0-2.900 2.200-5.300 4.600-8.400z"
        fill="var(--accent)"
      />
      <path
        d="M2 13.400c2.200 2.300 4.900 3.400 8 3.400s5.800-1.100 8-3.400"
        stroke="var(--accent)"
        strokeWidth="1.6"
        strokeLinecap="round"
      />
      <path
        d="M5.600 17.600c1.400.7 2.800 1 4.400 1s3-.3 4.400-1"
        stroke="var(--text-soft)"
        strokeWidth="1.4"
        strokeLinecap="round"
      />
    </svg>
  );
}
