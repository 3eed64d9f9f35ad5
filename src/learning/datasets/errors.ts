import { defineErrors } from '../../errors.ts';

/** What can go wrong with data sets: their files, their download, their division among clients. */
export const datasetErrors = defineErrors({
  DATASET_UNKNOWN: {
    summary: 'There is no data set of this name',
    action: 'Run `treadle data list` for the names',
  },
  DATASET_FILES_MISSING: {
    summary: 'The files of a data set are not here',
    action: 'Run `treadle data fetch NAME`, or name the folder that holds them with --data; `bearing` needs no files',
  },
  DATASET_TRUNCATED: {
    summary: 'A file of a data set ends too early, or goes on behind its end',
    action: 'Fetch the file again: this copy is not whole',
  },
  DATASET_BAD_MAGIC: {
    summary: 'A file is not of the format that its name promises',
    action: 'Check which file it is; an error page that was saved under the name of a file looks like this',
  },
  DATASET_BAD_SHAPE: {
    summary: 'The sizes in a file, or those of files that belong together, do not fit',
    action: 'Take all files of a data set from the same place',
  },
  DATASET_BAD_LABEL: {
    summary: 'A label stands for no class of the data set',
    action: 'Check that the file belongs to this data set',
  },
  DATASET_BAD_TEXT: {
    summary: 'A line of a text file cannot be read',
    action: 'Compare the line that is named with the original file; spreadsheet programs change numbers when they save',
  },
  DATASET_BAD_ARCHIVE: {
    summary: 'A compressed file or an archive is damaged, or lacks a file',
    action: 'Fetch the archive again',
  },
  DATASET_TOO_LARGE: {
    summary: 'A file of a data set is larger than anything that is read here',
    action: 'Check which file it is: the largest known set unpacks to 184 MB',
  },
  DATASET_CHECKSUM: {
    summary: 'A file that was fetched is not the one that was published',
    action: 'Fetch it again; when that gives the same, get the file elsewhere and name its folder with --data',
  },
  DATASET_DOWNLOAD_FAILED: {
    summary: 'A file of a data set could not be fetched',
    action: 'Check the connection and run the command again: it goes on where it stopped; or name a folder with --data',
  },
  DATASET_OPTION_INVALID: {
    summary: 'A data set cannot be made or cut in the way that was asked for',
    action: 'Change the option that the detail names',
  },
  PARTITION_IMPOSSIBLE: {
    summary: 'The data cannot be divided among the clients in the way that was asked for',
    action: 'Use fewer clients, or another partition; the detail says what does not come out even',
  },
});
