import { SHAPES, socketLook } from "./sockets";

interface Props {
  readonly type: string;
  /** Pixels. */
  readonly size?: number;
  /** Only its outline: nothing is linked there. */
  readonly hollow?: boolean;
}

/** The mark of a wire type, in colour and shape; it needs a label beside it. */
export function SocketDot({ type, size = 12, hollow = false }: Props) {
  const { color, shape } = socketLook(type);
  return (
    <svg width={size} height={size} viewBox="-1 -1 14 14" aria-hidden="true" focusable="false">
      <path
        d={SHAPES[shape]}
        fillRule="evenodd"
        strokeLinejoin="round"
        strokeWidth={hollow ? 1.6 : 1}
        style={{ fill: hollow ? "var(--node)" : color, stroke: hollow ? color : "var(--node)" }}
      />
    </svg>
  );
}
