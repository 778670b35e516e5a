// The icons that the console uses, each imported on its own so that the bundle holds no others.
export { Add16Regular as AddIcon } from '@fluentui/react-icons/svg/add';
export { AppsListDetail20Regular as LogIcon } from '@fluentui/react-icons/svg/apps-list-detail';
export { Archive16Regular as RetentionIcon } from '@fluentui/react-icons/svg/archive';
export { ArrowClockwise16Regular as RetryIcon } from '@fluentui/react-icons/svg/arrow-clockwise';
export { ArrowDown16Regular as DownIcon } from '@fluentui/react-icons/svg/arrow-down';
export { ArrowRepeatAll16Regular as RepeatIcon } from '@fluentui/react-icons/svg/arrow-repeat-all';
export { ArrowSwap16Regular as SwitchIcon } from '@fluentui/react-icons/svg/arrow-swap';
export { ArrowUndo16Regular as ReconnectIcon } from '@fluentui/react-icons/svg/arrow-undo';
export { ArrowUp16Regular as UpIcon } from '@fluentui/react-icons/svg/arrow-up';
export { Beaker20Regular as LabIcon } from '@fluentui/react-icons/svg/beaker';
export { CalendarClock16Regular as ScheduleIcon } from '@fluentui/react-icons/svg/calendar-clock';
export { Checkmark16Regular as CheckIcon } from '@fluentui/react-icons/svg/checkmark';
export { CheckmarkCircle16Filled as OkIcon } from '@fluentui/react-icons/svg/checkmark-circle';
export { ChevronDown16Regular as ChevronDownIcon } from '@fluentui/react-icons/svg/chevron-down';
export { ChevronRight16Regular as ChevronRightIcon } from '@fluentui/react-icons/svg/chevron-right';
export { ChevronUp16Regular as ChevronUpIcon } from '@fluentui/react-icons/svg/chevron-up';
export { ClipboardCheckmark16Regular as DrillIcon } from '@fluentui/react-icons/svg/clipboard-checkmark';
export { Code16Regular as CommandIcon } from '@fluentui/react-icons/svg/code';
export { Copy16Regular as CopyIcon } from '@fluentui/react-icons/svg/copy';
export {
  Database16Regular as DatabaseIcon,
  Database20Regular as DatabaseTaskIcon,
} from '@fluentui/react-icons/svg/database';
export { DatabaseArrowDown20Regular as RestoreTaskIcon } from '@fluentui/react-icons/svg/database-arrow-down';
export { DatabaseArrowUp16Regular as BackupIcon } from '@fluentui/react-icons/svg/database-arrow-up';
export { DatabaseSwitch20Regular as FailoverIcon } from '@fluentui/react-icons/svg/database-switch';
export { Delete16Regular as DeleteIcon } from '@fluentui/react-icons/svg/delete';
export { Dismiss16Regular as DismissIcon } from '@fluentui/react-icons/svg/dismiss';
export { Document16Regular as DocumentIcon } from '@fluentui/react-icons/svg/document';
export { DocumentSearch16Regular as InspectIcon } from '@fluentui/react-icons/svg/document-search';
export { Edit16Regular as EditIcon } from '@fluentui/react-icons/svg/edit';
export {
  ErrorCircle16Filled as CriticalIcon,
  ErrorCircle16Regular as CriticalOutlineIcon,
} from '@fluentui/react-icons/svg/error-circle';
export { Flowchart16Regular as PlanIcon } from '@fluentui/react-icons/svg/flowchart';
export { Folder16Regular as FolderIcon } from '@fluentui/react-icons/svg/folder';
export { History20Regular as ActivityIcon } from '@fluentui/react-icons/svg/history';
export { Home20Regular as HomeIcon } from '@fluentui/react-icons/svg/home';
export { Info16Filled as InfoIcon, Info16Regular as InfoOutlineIcon } from '@fluentui/react-icons/svg/info';
export { Key16Regular as KeyIcon } from '@fluentui/react-icons/svg/key';
export { Link16Regular as ChainIcon } from '@fluentui/react-icons/svg/link';
export { Play16Regular as StartIcon } from '@fluentui/react-icons/svg/play';
export { PlayCircle16Regular as MonitorIcon } from '@fluentui/react-icons/svg/play-circle';
export { Question20Regular as HelpIcon } from '@fluentui/react-icons/svg/question';
export { QuestionCircle16Regular as ErrorCodeIcon } from '@fluentui/react-icons/svg/question-circle';
export { Search16Regular as SearchIcon } from '@fluentui/react-icons/svg/search';
export { Server16Regular as ServerIcon, Server20Regular as SystemIcon } from '@fluentui/react-icons/svg/server';
export { Settings20Regular as OptionsIcon } from '@fluentui/react-icons/svg/settings';
export { Shield16Regular as FenceIcon } from '@fluentui/react-icons/svg/shield';
export { ShieldCheckmark16Regular as ProtectIcon } from '@fluentui/react-icons/svg/shield-checkmark';
export { Stop16Regular as StopIcon } from '@fluentui/react-icons/svg/stop';
export {
  Warning16Filled as WarningIcon,
  Warning16Regular as WarningOutlineIcon,
} from '@fluentui/react-icons/svg/warning';
export { Wrench16Regular as RoleIcon } from '@fluentui/react-icons/svg/wrench';
