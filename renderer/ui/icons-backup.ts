// Icons of the backup and restore pages, each imported on its own so that the bundle holds no others.
export { Archive16Regular as KeptIcon } from '@fluentui/react-icons/svg/archive';
export { ChevronLeft16Regular as ChevronLeftIcon } from '@fluentui/react-icons/svg/chevron-left';
export { Edit16Filled as WritingIcon } from '@fluentui/react-icons/svg/edit';
export { LockClosed16Filled as LockedIcon } from '@fluentui/react-icons/svg/lock-closed';
export { Prohibited16Regular as DisabledSetIcon } from '@fluentui/react-icons/svg/prohibited';
export { SubtractCircle16Regular as SkippedIcon } from '@fluentui/react-icons/svg/subtract-circle';
export { ZoomIn16Regular as ZoomInIcon } from '@fluentui/react-icons/svg/zoom-in';
export { ZoomOut16Regular as ZoomOutIcon } from '@fluentui/react-icons/svg/zoom-out';
