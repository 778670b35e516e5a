// Everything a feature may draw with. Features import from here; only this folder imports the component library.
export { Button, type ButtonProps, IconButton } from './Button.tsx';
export { engineNow, useNow } from './clock.ts';
export { Dialog } from './Dialog.tsx';
export { ErrorCode, ErrorHelp } from './ErrorCode.tsx';
export { EmptyState, ProgressBar, Section, Spinner } from './Feedback.tsx';
export { Checkbox, type Option, Select, Switch, TextField } from './Fields.tsx';
export { formatBytes, formatBytesOf, formatCount } from './format-bytes.ts';
export { formatDuration, formatElapsed, formatMoment, formatTime, formatUtc } from './format-time.ts';
export * from './icons.ts';
export { ErrorBar, MessageBar } from './MessageBar.tsx';
export { ConfirmDialog, type PlanView } from './PlanDialog.tsx';
export { Badge, Led, type LedState, type Level, LevelIcon, StaleSigns, useStale } from './Signs.tsx';
export { type Column, Table, type TableProps } from './Table.tsx';
export { type TabItem, Tabs } from './Tabs.tsx';
export { Toolbar, ToolbarDivider, ToolbarSpacer } from './Toolbar.tsx';
export { Tree, type TreeNode } from './Tree.tsx';
export { type ThemeChoice, UiProvider } from './UiProvider.tsx';
export { Age, Bytes, CommandLine, KeyValue, Time, Until } from './Values.tsx';
