/** The shop's window. */
import { memo, type ReactNode } from "react";
import { Row } from "./row";

type Props = { label: string; onSell?: () => void };

export const Badge = memo<Props>(({ label }) => <b>{label}</b>);

export function Window({ label, onSell }: Props): ReactNode {
  const sell = () => {
    onSell?.();
  };
  return (
    <Row.Cell onClick={sell}>
      <Badge label={label} />
    </Row.Cell>
  );
}

test("sells", async () => {
  render(<Window label="a" />);
});
