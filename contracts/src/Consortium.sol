// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Who is in the consortium
/// @notice Companies and the proxy seal blocks; devices and edge nodes observe. Companies change the set of sealers by vote; a
/// company alone admits its devices and edge nodes with a certificate. The consensus reads `sealers()` after every block.
/// @dev A member is known by its account: that votes, owns registry entries and channels, and signs certificates. The account's
/// sealer key votes on blocks and is the node's name in the network; it is the account itself until the account names another.
contract Consortium is EIP712 {
    /// @notice Below four sealers not even one may fail.
    uint256 public constant SEALERS_MIN = 4;
    /// @notice Every sealer talks to every other: the protocol is meant for a hundred.
    uint256 public constant SEALERS_MAX = 100;
    /// @notice A proposal that did not pass in this time is void.
    uint256 public constant PROPOSAL_SECONDS = 14 days;
    /// @notice Longest company name in bytes.
    uint256 public constant NAME_BYTES_MAX = 64;
    /// @notice Largest page a listing returns.
    uint256 public constant PAGE_MAX = 500;
    /// @notice In any so many blocks at most f = floor((n - 1) / 3) of n seats change, so that the sealers who stay are a quorum
    /// of the set before and of the set after. Newcomers of a small consortium have had their turn to propose several times.
    uint256 public constant EPOCH_BLOCKS = 32;
    /// @notice A node that claims to be in sync names a block at most so old; it has half of what BLOCKHASH reaches.
    uint256 public constant SYNC_BLOCKS = 128;
    /// @notice Blocks for which a proof of sync counts when the votes come.
    uint256 public constant PROOF_BLOCKS = 256;
    /// @notice Where the chain tells the 32 bytes that every consensus signature covers.
    address public constant CHAIN_FACTS = 0x0000000000000000000000000000000000007001;

    bytes32 private constant CERTIFICATE_TYPEHASH =
        keccak256("Certificate(address observer,uint8 role,address company,uint64 expiresAt,bytes32 serial)");

    enum Kind {
        AddCompany,
        RemoveCompany,
        ReplaceProxy,
        Reinstate
    }

    /// @notice What a proposal that has its votes still waits for.
    enum Wait {
        Nothing,
        Sync,
        Epoch
    }

    /// @notice What a key is to the consortium.
    enum Position {
        None,
        Sealer,
        Quarantined,
        Successor,
        Candidate,
        ProxyCandidate
    }

    enum State {
        None,
        Open,
        Executed,
        Rejected,
        Expired
    }

    /// @notice Roles as certificates number them. Centres, companies and proxies are none that a company admits here.
    enum Role {
        None,
        Device,
        EdgeNode,
        Centre,
        Company,
        Proxy,
        Oracle
    }

    enum Standing {
        Unknown,
        Active,
        Expired,
        Revoked,
        CompanyLeft
    }

    struct CompanyInit {
        address account;
        string name;
    }

    struct CompanyView {
        address account;
        string name;
        uint64 since;
        address sealer;
        /// @dev Block at which it was taken out of the sealers; 0 = it is none of the quarantined.
        uint64 quarantinedAt;
    }

    struct SeatView {
        address account;
        address sealer;
        /// @dev The key that may take over, or zero.
        address successor;
        uint64 quarantinedAt;
    }

    struct EvidenceView {
        uint256 id;
        address signer;
        address account;
        address reporter;
        /// @dev 1 pre-prepare, 2 prepare, 3 commit, 4 round-change.
        uint8 messageType;
        uint64 height;
        uint64 round;
        /// @dev The digests that were voted for; of a round change the hash of its content.
        bytes32 digest;
        bytes32 otherDigest;
        uint64 reportedAt;
        /// @dev Whether this evidence took the signer out of the sealers.
        bool quarantined;
    }

    struct ProposalView {
        uint256 id;
        Kind kind;
        State state;
        address account;
        string name;
        address proposer;
        uint64 expiresAt;
        /// @dev Votes that count today: those of companies that have been in since they voted.
        uint32 yes;
        uint32 no;
        /// @dev For an open proposal that has its votes.
        Wait waitsFor;
    }

    struct Certificate {
        address observer;
        uint8 role;
        address company;
        uint64 expiresAt;
        bytes32 serial;
    }

    struct ObserverView {
        address observer;
        address company;
        Role role;
        Standing standing;
        uint64 expiresAt;
        bytes32 serial;
    }

    struct Company {
        uint64 since;
        /// @dev Which admission this is; 0 = not a company. Votes carry it, so those of a former membership do not count.
        uint32 term;
        string name;
    }

    struct Seat {
        address sealer;
        address successor;
        uint64 quarantinedAt;
        /// @dev Evidence of heights up to this one is forgiven.
        uint64 reinstatedAt;
    }

    /// @dev The heights at which a key sealed for an account.
    struct KeyTerm {
        address account;
        uint64 fromHeight;
        uint64 untilHeight;
    }

    struct Evidence {
        address signer;
        uint64 height;
        uint8 messageType;
        bool quarantined;
        address account;
        uint64 round;
        address reporter;
        uint64 reportedAt;
        bytes32 digest;
        bytes32 otherDigest;
    }

    struct Proposal {
        Kind kind;
        State state;
        uint64 expiresAt;
        address account;
        address proposer;
        string name;
        address[] voters;
    }

    struct Vote {
        uint32 term;
        bool approve;
    }

    struct Observer {
        address company;
        uint64 expiresAt;
        Role role;
        bool revoked;
        bytes32 serial;
    }

    event CompanyAdded(address indexed account, string name);
    event CompanyRemoved(address indexed account);
    event ProxyReplaced(address indexed previous, address indexed current);
    /// @notice The sealers from the next height on, ascending.
    event SealersChanged(address[] sealers);
    event Proposed(
        uint256 indexed id, address indexed proposer, Kind kind, address indexed account, string name, uint64 expiresAt
    );
    event Voted(uint256 indexed id, address indexed company, bool approve, uint256 yes, uint256 no, uint256 companies);
    event Executed(uint256 indexed id);
    /// @notice A proposal has its votes and is carried out as soon as what it waits for is there.
    event Waiting(uint256 indexed id, Wait waitsFor);
    event SyncProven(address indexed key, uint256 height);
    event SuccessorNamed(address indexed account, address indexed successor);
    event SealerKeyReplaced(address indexed account, address indexed previous, address indexed current);
    event EvidenceRecorded(
        uint256 indexed id, address indexed signer, address indexed account, uint8 messageType, uint64 height, uint64 round
    );
    event SealerQuarantined(address indexed account, address indexed sealer, uint256 evidence);
    event SealerReinstated(address indexed account, address indexed sealer);
    event Rejected(uint256 indexed id);
    event ObserverRegistered(address indexed observer, address indexed company, Role role, uint64 expiresAt, bytes32 serial);
    event ObserverRevoked(address indexed observer, address indexed company);

    error NotACompany(address account);
    error AlreadySealer(address account);
    error InvalidAccount(address account);
    error InvalidName(uint256 bytesLength, uint256 atMost);
    error TooFewSealers(uint256 left, uint256 atLeast);
    error TooManySealers(uint256 sealers, uint256 atMost);
    error AlreadyProposed(uint256 id);
    error UnknownProposal(uint256 id);
    error ProposalNotOpen(uint256 id, State state);
    error AlreadyVoted(uint256 id, address company);
    error NotEnoughVotes(uint256 yes, uint256 companies);
    error UnknownRole(uint8 role);
    error NotSignedByCompany(address company, address signer);
    error CertificateExpired(uint64 expiresAt, uint256 timestamp);
    error CertificateRevoked(address observer, bytes32 serial);
    error AlreadyRegistered(address observer, address company);
    error ObserverIsSealer(address observer);
    error UnknownObserver(address observer);
    error NotItsCompany(address observer, address company);
    error AccountQuarantined(address account);
    error NotQuarantined(address account);
    error NotSynced(address account);
    error TooManyChanges(uint256 atMost, uint256 untilBlock);
    error NotACandidate(address account);
    error NotThatBlock(uint256 height);
    error NotAMember(address account);
    error KeyInUse(address key);
    error NoChainFacts();
    error NoEquivocation();
    error NotOneSigner(address signer, address otherSigner);
    error NotASealerThen(address signer, uint256 height);
    error AlreadyReported(uint256 evidence);

    address public proxy;
    uint32 private _terms;
    /// @notice Seats whose sealer is quarantined.
    uint32 public quarantinedCount;
    /// @dev Sealer keys, ascending: kept in order, because they are read after every block and change once a year.
    address[] private _sealers;
    /// @dev Accounts of the companies, ascending.
    address[] private _accounts;
    mapping(address account => Seat) private _seats;
    mapping(address key => KeyTerm) private _keys;
    mapping(address key => address account) private _successorOf;
    mapping(address key => uint256 blockNumber) private _provenAt;
    /// @dev Blocks at which the sealers changed.
    uint64[] private _changedAt;
    Evidence[] private _evidence;
    mapping(bytes32 place => uint256 id) private _evidenceAt;
    mapping(address account => Company) private _companies;
    Proposal[] private _proposals;
    mapping(uint256 id => mapping(address company => Vote)) private _votes;
    mapping(Kind kind => mapping(address account => uint256 id)) private _lastProposal;
    mapping(address observer => Observer) private _observers;
    address[] private _observerList;
    /// @dev After a revocation, certificates of that company for that observer which end no later than this are void, used or
    /// not.
    mapping(address observer => mapping(address company => uint64)) private _voidUntil;

    constructor(address firstProxy, CompanyInit[] memory founders) EIP712("Treadle Consortium", "1") {
        if (firstProxy == address(0)) revert InvalidAccount(firstProxy);
        if (founders.length + 1 < SEALERS_MIN) revert TooFewSealers(founders.length + 1, SEALERS_MIN);
        if (founders.length + 1 > SEALERS_MAX) revert TooManySealers(founders.length + 1, SEALERS_MAX);
        proxy = firstProxy;
        _seatAt(firstProxy);
        for (uint256 index = 0; index < founders.length; index++) _addCompany(founders[index].account, founders[index].name);
        emit ProxyReplaced(address(0), firstProxy);
        emit SealersChanged(_sealers);
    }

    // --- sealers -------------------------------------------------------------------------------

    /// @notice The keys that seal from the next height on, ascending: of the proxy and the companies that are not quarantined.
    function sealers() external view returns (address[] memory) {
        return _sealers;
    }

    function isCompany(address account) public view returns (bool) {
        return _companies[account].term != 0;
    }

    /// @notice Whether this key is one of `sealers()`.
    function isSealer(address key) public view returns (bool) {
        return positionOf(key) == Position.Sealer;
    }

    function companyCount() public view returns (uint256) {
        return _accounts.length;
    }

    function company(address account) external view returns (CompanyView memory) {
        if (!isCompany(account)) revert NotACompany(account);
        return _companyView(account);
    }

    /// @notice A page of the companies, ascending by account.
    function companies(uint256 offset, uint256 limit) external view returns (CompanyView[] memory page) {
        page = new CompanyView[](_pageLength(_accounts.length, offset, limit));
        for (uint256 index = 0; index < page.length; index++) page[index] = _companyView(_accounts[offset + index]);
    }

    /// @notice The seat of the proxy or of a company.
    function seat(address account) external view returns (SeatView memory) {
        if (!_isMember(account)) revert NotAMember(account);
        Seat storage its = _seats[account];
        return SeatView(account, its.sealer, its.successor, its.quarantinedAt);
    }

    /// @notice What a key is here: nodes let in whoever is something.
    function positionOf(address key) public view returns (Position) {
        KeyTerm storage term = _keys[key];
        if (term.untilHeight == type(uint64).max) {
            return _seats[term.account].quarantinedAt == 0 ? Position.Sealer : Position.Quarantined;
        }
        if (_successorOf[key] != address(0)) return Position.Successor;
        if (_openFor(Kind.AddCompany, key) != 0) return Position.Candidate;
        if (_openFor(Kind.ReplaceProxy, key) != 0) return Position.ProxyCandidate;
        return Position.None;
    }

    /// @notice Whose seat a key has, had, or may take; for a candidate itself.
    function accountOf(address key) external view returns (address) {
        Position position = positionOf(key);
        if (position == Position.Successor) return _successorOf[key];
        return position == Position.Candidate || position == Position.ProxyCandidate ? key : _keys[key].account;
    }

    // --- keys and sync -------------------------------------------------------------------------

    /// @notice A member names the key that shall seal for it from now on; zero takes the name back. The key takes over with
    /// `proveSync`, which is its consent. Account, votes, certificates, registry entries and channels stay what they are.
    function nameSuccessor(address key) external {
        if (!_isMember(msg.sender)) revert NotAMember(msg.sender);
        Seat storage its = _seats[msg.sender];
        if (key != address(0)) {
            // A key that sealed once is never used again: it may be in other hands.
            if (_keys[key].account != address(0) || _successorOf[key] != address(0) || _isMember(key)) revert KeyInUse(key);
            _successorOf[key] = msg.sender;
        }
        if (its.successor != address(0)) delete _successorOf[its.successor];
        its.successor = key;
        emit SuccessorNamed(msg.sender, key);
    }

    /// @notice A candidate or a successor states with its own key which block it has; only one that follows the chain can. A
    /// successor takes its seat by this, from the next height on; a candidate's change is carried out if it has its votes.
    function proveSync(uint256 height, bytes32 hash) external {
        if (hash == 0 || height + SYNC_BLOCKS < block.number || blockhash(height) != hash) revert NotThatBlock(height);
        Position position = positionOf(msg.sender);
        if (position == Position.Successor) {
            emit SyncProven(msg.sender, height);
            _replaceKey(_successorOf[msg.sender], msg.sender);
            return;
        }
        if (position != Position.Candidate && position != Position.ProxyCandidate) revert NotACandidate(msg.sender);
        _provenAt[msg.sender] = block.number;
        emit SyncProven(msg.sender, height);
        uint256 id = _openFor(position == Position.Candidate ? Kind.AddCompany : Kind.ReplaceProxy, msg.sender);
        Proposal storage proposed = _proposals[id - 1];
        (uint256 yes,) = _count(id, proposed);
        if (_passes(yes) && _waits(proposed.kind, msg.sender) == Wait.Nothing) _execute(id, proposed);
    }

    // --- evidence ------------------------------------------------------------------------------

    /// @notice Proves that a sealer signed two different messages of one type for one height and round, and takes it out of the
    /// sealers, unless f of them are out already. Anyone may report; the record stays in any case.
    /// @param content what was signed besides type, height and round: a digest (32 bytes); of a round change 41 bytes
    function reportEquivocation(
        uint8 messageType,
        uint64 height,
        uint64 round,
        bytes calldata content,
        bytes calldata signature,
        bytes calldata otherContent,
        bytes calldata otherSignature
    ) external returns (uint256 id) {
        bytes memory head = abi.encodePacked(_tag(messageType), _chainDomain(), height, round);
        address signer = _recover(keccak256(bytes.concat(head, content)), signature);
        bytes32 place = keccak256(abi.encode(signer, messageType, height, round));
        // First of all, because several nodes see the same and only one of them need pay.
        if (_evidenceAt[place] != 0) revert AlreadyReported(_evidenceAt[place]);
        uint256 length = messageType == 4 ? 41 : 32;
        bool differ = keccak256(content) != keccak256(otherContent);
        if (content.length != length || otherContent.length != length || !differ) revert NoEquivocation();
        address other = _recover(keccak256(bytes.concat(head, otherContent)), otherSignature);
        if (signer != other || signer == address(0)) revert NotOneSigner(signer, other);
        KeyTerm storage term = _keys[signer];
        if (term.account == address(0) || height < term.fromHeight || height > term.untilHeight) {
            revert NotASealerThen(signer, height);
        }

        _evidence.push();
        id = _evidence.length;
        _evidenceAt[place] = id;
        Evidence storage found = _evidence[id - 1];
        (found.signer, found.account, found.reporter) = (signer, term.account, msg.sender);
        (found.messageType, found.height, found.round) = (messageType, height, round);
        found.reportedAt = uint64(block.number);
        (found.digest, found.otherDigest) = (_digestOf(content), _digestOf(otherContent));
        emit EvidenceRecorded(id, signer, term.account, messageType, height, round);
        found.quarantined = _quarantine(term.account, height, id);
    }

    /// @notice The number under which an equivocation is on record; 0 = none.
    function evidenceOf(address signer, uint8 messageType, uint64 height, uint64 round) external view returns (uint256) {
        return _evidenceAt[keccak256(abi.encode(signer, messageType, height, round))];
    }

    function evidenceCount() external view returns (uint256) {
        return _evidence.length;
    }

    /// @notice A page of the evidence, newest first.
    function evidence(uint256 offset, uint256 limit) external view returns (EvidenceView[] memory page) {
        page = new EvidenceView[](_pageLength(_evidence.length, offset, limit));
        for (uint256 index = 0; index < page.length; index++) {
            uint256 id = _evidence.length - offset - index;
            Evidence memory found = _evidence[id - 1];
            page[index] = EvidenceView(
                id,
                found.signer,
                found.account,
                found.reporter,
                found.messageType,
                found.height,
                found.round,
                found.digest,
                found.otherDigest,
                found.reportedAt,
                found.quarantined
            );
        }
    }

    /// @notice Accounts whose sealer is quarantined.
    function quarantined() external view returns (address[] memory accounts) {
        accounts = new address[](quarantinedCount);
        uint256 filled = 0;
        if (_seats[proxy].quarantinedAt != 0) accounts[filled++] = proxy;
        for (uint256 index = 0; filled < accounts.length; index++) {
            if (_seats[_accounts[index]].quarantinedAt != 0) accounts[filled++] = _accounts[index];
        }
    }

    // --- votes ---------------------------------------------------------------------------------

    /// @notice A company proposes a change, which counts as its yes. `name` is for AddCompany.
    function propose(Kind kind, address account, string calldata name) external returns (uint256 id) {
        _onlyCompany();
        _checkChange(kind, account);
        if (kind == Kind.AddCompany) _checkName(bytes(name).length);
        uint256 last = _openFor(kind, account);
        if (last != 0) revert AlreadyProposed(last);

        Proposal storage proposed = _proposals.push();
        id = _proposals.length;
        _lastProposal[kind][account] = id;
        proposed.kind = kind;
        proposed.state = State.Open;
        proposed.expiresAt = uint64(block.timestamp + PROPOSAL_SECONDS);
        proposed.account = account;
        proposed.proposer = msg.sender;
        if (kind == Kind.AddCompany) proposed.name = name;
        emit Proposed(id, msg.sender, kind, account, proposed.name, proposed.expiresAt);
        _vote(id, proposed, true);
    }

    /// @notice A company votes, once. With more than two thirds of the companies in favour the change takes effect in this
    /// transaction, unless it must wait (`Waiting`); when that can no longer be reached the proposal is rejected. Quarantined
    /// companies do not vote and are not counted.
    function vote(uint256 id, bool approve) external {
        _onlyCompany();
        _vote(id, _open(id), approve);
    }

    /// @notice Carries out a proposal that has its votes: needed when it had to wait, or when the number of companies fell after
    /// the last vote.
    function execute(uint256 id) external {
        Proposal storage proposed = _open(id);
        (uint256 yes,) = _count(id, proposed);
        if (!_passes(yes)) revert NotEnoughVotes(yes, _votingCount());
        Wait wait = _waits(proposed.kind, proposed.account);
        if (wait == Wait.Sync) revert NotSynced(proposed.account);
        if (wait == Wait.Epoch) revert TooManyChanges(_faultsMax(_seatCount()), _changesFrom());
        _execute(id, proposed);
    }

    function proposalCount() external view returns (uint256) {
        return _proposals.length;
    }

    function proposal(uint256 id) public view returns (ProposalView memory result) {
        if (id == 0 || id > _proposals.length) revert UnknownProposal(id);
        Proposal storage proposed = _proposals[id - 1];
        (uint256 yes, uint256 no) = _count(id, proposed);
        result = ProposalView(
            id,
            proposed.kind,
            _state(proposed),
            proposed.account,
            proposed.name,
            proposed.proposer,
            proposed.expiresAt,
            uint32(yes),
            uint32(no),
            _state(proposed) == State.Open && _passes(yes) ? _waits(proposed.kind, proposed.account) : Wait.Nothing
        );
    }

    /// @notice A page of the proposals, newest first.
    function proposals(uint256 offset, uint256 limit) external view returns (ProposalView[] memory page) {
        page = new ProposalView[](_pageLength(_proposals.length, offset, limit));
        for (uint256 index = 0; index < page.length; index++) page[index] = proposal(_proposals.length - offset - index);
    }

    // --- observers -----------------------------------------------------------------------------

    /// @notice Admits a device, an edge node or an oracle node by a certificate that its company signed; anyone may send it. A later
    /// certificate of the
    /// same company renews; to another company's an observer changes only by its own transaction, so no company can claim a
    /// stranger.
    function registerObserver(Certificate calldata certificate, bytes calldata signature) external {
        if (!_admits(certificate.role)) revert UnknownRole(certificate.role);
        if (!isCompany(certificate.company)) revert NotACompany(certificate.company);
        if (certificate.observer == address(0)) revert InvalidAccount(certificate.observer);
        if (_isMember(certificate.observer) || positionOf(certificate.observer) != Position.None) revert ObserverIsSealer(certificate.observer);
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(certificateDigest(certificate), signature);
        if (failure != ECDSA.RecoverError.NoError || signer != certificate.company) {
            revert NotSignedByCompany(certificate.company, signer);
        }
        if (certificate.expiresAt <= block.timestamp) revert CertificateExpired(certificate.expiresAt, block.timestamp);
        if (certificate.expiresAt <= _voidUntil[certificate.observer][certificate.company]) {
            revert CertificateRevoked(certificate.observer, certificate.serial);
        }

        Observer storage known = _observers[certificate.observer];
        (Standing standing_,,) = standing(certificate.observer);
        if (standing_ == Standing.Active) {
            bool renews = known.company == certificate.company && certificate.expiresAt > known.expiresAt;
            bool moves = known.company != certificate.company && msg.sender == certificate.observer;
            if (!renews && !moves) revert AlreadyRegistered(certificate.observer, known.company);
        }
        if (known.company == address(0)) _observerList.push(certificate.observer);
        known.company = certificate.company;
        known.expiresAt = certificate.expiresAt;
        known.role = Role(certificate.role);
        known.revoked = false;
        known.serial = certificate.serial;
        emit ObserverRegistered(
            certificate.observer, certificate.company, Role(certificate.role), certificate.expiresAt, certificate.serial
        );
    }

    function _admits(uint8 role) private pure returns (bool) {
        return role == uint8(Role.Device) || role == uint8(Role.EdgeNode) || role == uint8(Role.Oracle);
    }

    /// @notice The company of an observer shuts it out. To let it in again the company signs a certificate that ends later than
    /// the one
    /// it revoked: older ones, even if they were never shown here, stay void.
    function revokeObserver(address observer_) external {
        Observer storage known = _observers[observer_];
        if (known.company == address(0)) revert UnknownObserver(observer_);
        if (known.company != msg.sender) revert NotItsCompany(observer_, known.company);
        if (known.revoked) revert CertificateRevoked(observer_, known.serial);
        known.revoked = true;
        _voidUntil[observer_][msg.sender] = known.expiresAt;
        emit ObserverRevoked(observer_, msg.sender);
    }

    /// @notice How an account stands now, and what it registered as.
    function standing(address account) public view returns (Standing, Role, address company_) {
        Observer storage known = _observers[account];
        company_ = known.company;
        if (company_ == address(0)) return (Standing.Unknown, Role.None, company_);
        Role role = known.role;
        if (known.revoked) return (Standing.Revoked, role, company_);
        if (known.expiresAt <= block.timestamp) return (Standing.Expired, role, company_);
        return (isCompany(company_) ? Standing.Active : Standing.CompanyLeft, role, company_);
    }

    function observer(address account) public view returns (ObserverView memory) {
        (Standing standing_, Role role, address company_) = standing(account);
        Observer storage known = _observers[account];
        return ObserverView(account, company_, role, standing_, known.expiresAt, known.serial);
    }

    function observerCount() external view returns (uint256) {
        return _observerList.length;
    }

    /// @notice A page of everyone who ever registered, in order of registration.
    function observers(uint256 offset, uint256 limit) external view returns (ObserverView[] memory page) {
        page = new ObserverView[](_pageLength(_observerList.length, offset, limit));
        for (uint256 index = 0; index < page.length; index++) page[index] = observer(_observerList[offset + index]);
    }

    /// @notice The EIP-712 digest a company signs.
    function certificateDigest(Certificate calldata certificate) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CERTIFICATE_TYPEHASH, certificate)));
    }

    // --- inside --------------------------------------------------------------------------------

    function _onlyCompany() private view {
        if (!isCompany(msg.sender)) revert NotACompany(msg.sender);
        if (_seats[msg.sender].quarantinedAt != 0) revert AccountQuarantined(msg.sender);
    }

    function _isMember(address account) private view returns (bool) {
        return account != address(0) && (account == proxy || isCompany(account));
    }

    function _seatCount() private view returns (uint256) {
        return _accounts.length + 1;
    }

    /// @dev How many of so many sealers may lie.
    function _faultsMax(uint256 seats) private pure returns (uint256) {
        return (seats - 1) / 3;
    }

    function _companyView(address account) private view returns (CompanyView memory) {
        Company storage its = _companies[account];
        return CompanyView(account, its.name, its.since, _seats[account].sealer, _seats[account].quarantinedAt);
    }

    function _checkName(uint256 length) private pure {
        if (length == 0 || length > NAME_BYTES_MAX) revert InvalidName(length, NAME_BYTES_MAX);
    }

    /// @dev Whether a change is possible with the seats of this moment: asked when it is proposed and again when it is carried
    /// out.
    function _checkChange(Kind kind, address account) private view {
        if (kind == Kind.Reinstate) {
            if (!_isMember(account)) revert NotAMember(account);
            if (_seats[account].quarantinedAt == 0) revert NotQuarantined(account);
            return;
        }
        uint256 seats = _seatCount();
        if (kind == Kind.RemoveCompany) {
            if (!isCompany(account)) revert NotACompany(account);
            if (seats <= SEALERS_MIN) revert TooFewSealers(seats - 1, SEALERS_MIN);
            // Those in quarantine are as good as down: so many must be left that the rest is still a quorum of all seats.
            uint256 quorum = seats - 1 - _faultsMax(seats - 1);
            uint256 left = _seats[account].quarantinedAt == 0 ? _sealers.length - 1 : _sealers.length;
            if (left < quorum) revert TooFewSealers(left, quorum);
            return;
        }
        if (account == address(0)) revert InvalidAccount(account);
        if (_isMember(account) || _keys[account].untilHeight == type(uint64).max) revert AlreadySealer(account);
        if (_successorOf[account] != address(0)) revert KeyInUse(account);
        if (kind == Kind.AddCompany && seats >= SEALERS_MAX) revert TooManySealers(seats + 1, SEALERS_MAX);
    }

    /// @dev What a change that has its votes must wait for.
    function _waits(Kind kind, address account) private view returns (Wait) {
        bool joins = kind == Kind.AddCompany || kind == Kind.ReplaceProxy;
        uint256 provenAt = _provenAt[account];
        if (joins && (provenAt == 0 || provenAt + PROOF_BLOCKS < block.number)) return Wait.Sync;
        // Whoever is in quarantine seals nothing, so its leaving changes nothing for the others.
        if (kind == Kind.RemoveCompany && _seats[account].quarantinedAt != 0) return Wait.Nothing;
        return _changesFrom() == 0 ? Wait.Nothing : Wait.Epoch;
    }

    /// @dev The block from which the sealers may change again; 0 = now.
    function _changesFrom() private view returns (uint256) {
        uint256 atMost = _faultsMax(_seatCount());
        if (_changedAt.length < atMost) return 0;
        uint256 from = uint256(_changedAt[_changedAt.length - atMost]) + EPOCH_BLOCKS;
        return from > block.number ? from : 0;
    }

    function _openFor(Kind kind, address account) private view returns (uint256 id) {
        id = _lastProposal[kind][account];
        if (id != 0 && _state(_proposals[id - 1]) != State.Open) id = 0;
    }

    /// @dev Companies whose votes count.
    function _votingCount() private view returns (uint256) {
        uint256 silent = quarantinedCount;
        if (silent > 0 && _seats[proxy].quarantinedAt != 0) silent--;
        return _accounts.length - silent;
    }

    function _passes(uint256 yes) private view returns (bool) {
        return yes * 3 > 2 * _votingCount();
    }

    function _state(Proposal storage proposed) private view returns (State) {
        State state = proposed.state;
        return state == State.Open && proposed.expiresAt <= block.timestamp ? State.Expired : state;
    }

    function _open(uint256 id) private view returns (Proposal storage proposed) {
        if (id == 0 || id > _proposals.length) revert UnknownProposal(id);
        proposed = _proposals[id - 1];
        State state = _state(proposed);
        if (state != State.Open) revert ProposalNotOpen(id, state);
    }

    function _vote(uint256 id, Proposal storage proposed, bool approve) private {
        uint32 term = _companies[msg.sender].term;
        Vote storage mine = _votes[id][msg.sender];
        if (mine.term == term) revert AlreadyVoted(id, msg.sender);
        // A company that left and came back votes anew in its old place.
        if (mine.term == 0) proposed.voters.push(msg.sender);
        (mine.term, mine.approve) = (term, approve);
        (uint256 yes, uint256 no) = _count(id, proposed);
        uint256 all = _votingCount();
        emit Voted(id, msg.sender, approve, yes, no, all);
        if (yes * 3 > 2 * all) {
            Wait wait = _waits(proposed.kind, proposed.account);
            if (wait == Wait.Nothing) {
                _execute(id, proposed);
            } else {
                _checkChange(proposed.kind, proposed.account);
                emit Waiting(id, wait);
            }
        } else if ((all - no) * 3 <= 2 * all) {
            proposed.state = State.Rejected;
            emit Rejected(id);
        }
    }

    function _count(uint256 id, Proposal storage proposed) private view returns (uint256 yes, uint256 no) {
        for (uint256 index = 0; index < proposed.voters.length; index++) {
            address voter = proposed.voters[index];
            Vote memory cast = _votes[id][voter];
            if (_companies[voter].term != cast.term || _seats[voter].quarantinedAt != 0) continue;
            if (cast.approve) yes++;
            else no++;
        }
    }

    function _execute(uint256 id, Proposal storage proposed) private {
        (Kind kind, address account) = (proposed.kind, proposed.account);
        _checkChange(kind, account);
        proposed.state = State.Executed;
        emit Executed(id);
        bool sealed_ = kind != Kind.RemoveCompany || _seats[account].quarantinedAt == 0;
        if (kind == Kind.AddCompany) {
            _addCompany(account, proposed.name);
        } else if (kind == Kind.RemoveCompany) {
            delete _companies[account];
            _remove(_accounts, account);
            _unseat(account);
            emit CompanyRemoved(account);
        } else if (kind == Kind.ReplaceProxy) {
            address previous = proxy;
            _unseat(previous);
            proxy = account;
            _seatAt(account);
            emit ProxyReplaced(previous, account);
        } else {
            _reinstate(account);
        }
        if (sealed_) _sealersChanged();
    }

    function _addCompany(address account, string memory name) private {
        if (account == address(0)) revert InvalidAccount(account);
        if (_isMember(account)) revert AlreadySealer(account);
        _checkName(bytes(name).length);
        _companies[account] = Company(uint64(block.timestamp), ++_terms, name);
        _insert(_accounts, account);
        _seatAt(account);
        emit CompanyAdded(account, name);
    }

    /// @dev A new member seals with its account's own key.
    function _seatAt(address account) private {
        _seats[account].sealer = account;
        _keys[account] = KeyTerm(account, uint64(block.number + 1), type(uint64).max);
        _insert(_sealers, account);
    }

    function _unseat(address account) private {
        Seat storage its = _seats[account];
        _keys[its.sealer].untilHeight = uint64(block.number);
        if (its.successor != address(0)) delete _successorOf[its.successor];
        if (its.quarantinedAt == 0) _remove(_sealers, its.sealer);
        else quarantinedCount--;
        delete _seats[account];
        delete _provenAt[account];
    }

    function _replaceKey(address account, address key) private {
        Seat storage its = _seats[account];
        address previous = its.sealer;
        _keys[previous].untilHeight = uint64(block.number);
        _keys[key] = KeyTerm(account, uint64(block.number + 1), type(uint64).max);
        delete _successorOf[key];
        (its.sealer, its.successor) = (key, address(0));
        emit SealerKeyReplaced(account, previous, key);
        if (its.quarantinedAt != 0) return;
        uint256 from = _changesFrom();
        if (from != 0) revert TooManyChanges(_faultsMax(_seatCount()), from);
        _remove(_sealers, previous);
        _insert(_sealers, key);
        _sealersChanged();
    }

    function _quarantine(address account, uint64 height, uint256 id) private returns (bool) {
        Seat storage its = _seats[account];
        bool seated = its.sealer != address(0) && its.quarantinedAt == 0;
        if (!seated || height <= its.reinstatedAt) return false;
        if (quarantinedCount >= _faultsMax(_seatCount()) || _sealers.length <= 1) return false;
        its.quarantinedAt = uint64(block.number);
        quarantinedCount++;
        _remove(_sealers, its.sealer);
        emit SealerQuarantined(account, its.sealer, id);
        _sealersChanged();
        return true;
    }

    function _reinstate(address account) private {
        Seat storage its = _seats[account];
        (its.quarantinedAt, its.reinstatedAt) = (0, uint64(block.number));
        quarantinedCount--;
        _insert(_sealers, its.sealer);
        emit SealerReinstated(account, its.sealer);
    }

    function _sealersChanged() private {
        _changedAt.push(uint64(block.number));
        emit SealersChanged(_sealers);
    }

    function _chainDomain() private view returns (bytes32) {
        (bool answered, bytes memory facts) = CHAIN_FACTS.staticcall("");
        if (!answered || facts.length != 32) revert NoChainFacts();
        return bytes32(facts);
    }

    function _tag(uint8 messageType) private pure returns (bytes memory) {
        if (messageType == 1) return "treadle pre-prepare";
        if (messageType == 2) return "treadle prepare";
        if (messageType == 3) return "treadle commit";
        if (messageType == 4) return "treadle round-change";
        revert NoEquivocation();
    }

    /// @dev Signatures end in 0 or 1, as consensus writes them, or in 27 or 28.
    function _recover(bytes32 hash, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        uint8 v = uint8(signature[64]);
        return ecrecover(hash, v < 27 ? v + 27 : v, bytes32(signature[0:32]), bytes32(signature[32:64]));
    }

    function _digestOf(bytes calldata content) private pure returns (bytes32) {
        return content.length == 32 ? bytes32(content) : keccak256(content);
    }

    function _insert(address[] storage list, address entry) private {
        list.push(entry);
        uint256 index = list.length - 1;
        for (; index > 0 && list[index - 1] > entry; index--) list[index] = list[index - 1];
        list[index] = entry;
    }

    function _remove(address[] storage list, address entry) private {
        uint256 index = 0;
        while (list[index] != entry) index++;
        for (; index + 1 < list.length; index++) list[index] = list[index + 1];
        list.pop();
    }

    function _pageLength(uint256 total, uint256 offset, uint256 limit) private pure returns (uint256) {
        if (limit > PAGE_MAX) limit = PAGE_MAX;
        if (offset >= total) return 0;
        return total - offset < limit ? total - offset : limit;
    }
}
