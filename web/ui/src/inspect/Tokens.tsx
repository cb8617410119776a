import { useTranslation } from "react-i18next";
import { cx } from "~/ui/cx";
import type { TokensView } from "./schema";
import css from "./Views.module.css";

type Token = TokensView["tokens"][number];

/** Tokens by chunk, in order. */
export function chunksOf(tokens: readonly Token[]): (readonly Token[])[] {
  const chunks: Token[][] = [];
  for (const token of tokens) (chunks[token.chunk] ??= []).push(token);
  return chunks.filter((chunk) => chunk !== undefined);
}

/** How a prompt was cut: each piece with its id, and its weight where it has one. */
export function Tokens({ view }: { readonly view: TokensView }) {
  const { t } = useTranslation("inspect");
  const chunks = chunksOf(view.tokens);
  return (
    <div className={css["chunks"]}>
      {chunks.map((chunk, n) => (
        // oxlint-disable-next-line react/no-array-index-key -- a chunk is its place
        <section key={n} aria-label={t("tokens.chunk", { n: n + 1, count: chunk.length })}>
          {chunks.length > 1 && (
            <h4 className={css["chunk"]}>{t("tokens.chunk", { n: n + 1, count: chunk.length })}</h4>
          )}
          <ol className={css["tokens"]}>
            {chunk.map((token, place) => (
              // oxlint-disable-next-line react/no-array-index-key -- a token is its place
              <Piece key={place} token={token} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Piece({ token }: { readonly token: Token }) {
  const { t } = useTranslation("inspect");
  const weighed = token.weight !== 1;
  return (
    <li className={cx(css["token"], token.text.startsWith("<|") && css["mark"])}>
      <span className={css["piece"]}>{token.text || t("tokens.empty")}</span>
      <span className={css["id"]}>{token.id}</span>
      {weighed && <span className={css["weight"]}>{t("tokens.weight", { weight: token.weight })}</span>}
    </li>
  );
}
