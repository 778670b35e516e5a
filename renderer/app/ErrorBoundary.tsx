// A page that crashed says so and can be opened anew; the rest of the console goes on.
import { Component, type ReactNode } from 'react';
import { Button, CommandLine, EmptyState } from '../ui/index.ts';

interface Props {
  children: ReactNode;
}

export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <EmptyState
        title="This page has failed"
        actions={
          <Button kind="primary" onClick={() => this.setState({ error: null })}>
            Open it again
          </Button>
        }
      >
        What the engine does is not affected. Please report this:
        <CommandLine command={String(error.stack ?? error.message).slice(0, 600)} />
      </EmptyState>
    );
  }
}
