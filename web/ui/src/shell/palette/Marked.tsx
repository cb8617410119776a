import { marked } from "~/core/search";

interface MarkedProps {
  readonly text: string;
  readonly query: string;
}

/** A text in which what was typed is drawn stronger. */
export function Marked({ text, query }: MarkedProps) {
  const letters = text.normalize("NFC");
  const spans = marked(letters, query);
  if (!spans.length) return text;
  return (
    <>
      {spans.map(([from, to], i) => (
        <span key={from}>
          {letters.slice(i === 0 ? 0 : spans[i - 1]?.[1], from)}
          <mark>{letters.slice(from, to)}</mark>
        </span>
      ))}
      {letters.slice(spans.at(-1)?.[1])}
    </>
  );
}
