/** A pane that fails shows the error, and the rest of the view still works. */
import { Component, type ReactNode } from 'react';
import { wrap } from '../src/report/text.ts';
import { span } from './components/line.ts';
import { Rows } from './components/rows.tsx';
import type { Theme } from './theme.ts';

interface BoundaryProps {
  readonly children: ReactNode;
  /** When it changes, the pane is tried again. */
  readonly version: unknown;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

interface BoundaryState {
  readonly error: unknown;
  readonly failed: boolean;
}

/** React supports this only in a class. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: null, failed: false };

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { error, failed: true };
  }

  override componentDidUpdate({ version }: BoundaryProps): void {
    if (this.state.failed && version !== this.props.version) this.setState({ error: null, failed: false });
  }

  override render(): ReactNode {
    const { children, width, height, theme } = this.props;
    const { error, failed } = this.state;
    if (!failed) return children;
    const text = error instanceof Error ? error.message : String(error);
    const lines = wrap(
      `This pane failed: ${text}. The other panes still work.`,
      Math.max(10, width - 2),
      theme.unicode,
    );
    return (
      <Rows
        lines={[[], ...lines.map((line) => [span(' '), span(line, 'remote')])]}
        width={width}
        height={height}
        theme={theme}
      />
    );
  }
}
