// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Who is in the consortium
/// @notice Companies and the proxy seal blocks; devices and edge nodes observe. Companies change the set of sealers by vote; a
/// company
/// alone admits its devices and edge nodes with a certificate. The consensus reads `sealers()` after every block.
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

    bytes32 private constant CERTIFICATE_TYPEHASH =
        keccak256("Certificate(address observer,uint8 role,address company,uint64 expiresAt,bytes32 serial)");

    enum Kind {
        AddCompany,
        RemoveCompany,
        ReplaceProxy
    }

    enum State {
        None,
        Open,
        Executed,
        Rejected,
        Expired
    }

    enum Role {
        None,
        Device,
        EdgeNode
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

    address public proxy;
    uint32 private _terms;
    /// @dev Proxy and companies, ascending: kept in order, because it is read after every block and changes once a year.
    address[] private _sealers;
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
        _insertSealer(firstProxy);
        for (uint256 index = 0; index < founders.length; index++) _addCompany(founders[index].account, founders[index].name);
        emit ProxyReplaced(address(0), firstProxy);
        emit SealersChanged(_sealers);
    }

    // --- sealers -------------------------------------------------------------------------------

    /// @notice Proxy and companies, ascending.
    function sealers() external view returns (address[] memory) {
        return _sealers;
    }

    function isCompany(address account) public view returns (bool) {
        return _companies[account].term != 0;
    }

    function isSealer(address account) public view returns (bool) {
        return account != address(0) && (account == proxy || isCompany(account));
    }

    function companyCount() public view returns (uint256) {
        return _sealers.length - 1;
    }

    function company(address account) external view returns (CompanyView memory) {
        if (!isCompany(account)) revert NotACompany(account);
        return CompanyView(account, _companies[account].name, _companies[account].since);
    }

    /// @notice A page of the companies, ascending by account.
    function companies(uint256 offset, uint256 limit) external view returns (CompanyView[] memory page) {
        page = new CompanyView[](_pageLength(companyCount(), offset, limit));
        address notThis = proxy;
        uint256 seen = 0;
        uint256 filled = 0;
        for (uint256 index = 0; filled < page.length; index++) {
            address account = _sealers[index];
            if (account == notThis || seen++ < offset) continue;
            page[filled++] = CompanyView(account, _companies[account].name, _companies[account].since);
        }
    }

    // --- votes ---------------------------------------------------------------------------------

    /// @notice A company proposes a change, which counts as its yes. `name` is for AddCompany.
    function propose(Kind kind, address account, string calldata name) external returns (uint256 id) {
        _onlyCompany();
        _checkChange(kind, account);
        if (kind == Kind.AddCompany) _checkName(bytes(name).length);
        uint256 last = _lastProposal[kind][account];
        if (last != 0 && _state(_proposals[last - 1]) == State.Open) revert AlreadyProposed(last);

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
    /// transaction;
    /// when that can no longer be reached the proposal is rejected.
    function vote(uint256 id, bool approve) external {
        _onlyCompany();
        _vote(id, _open(id), approve);
    }

    /// @notice Carries out a proposal that has its votes: needed only when the number of companies fell after the last vote.
    function execute(uint256 id) external {
        Proposal storage proposed = _open(id);
        (uint256 yes,) = _count(id, proposed);
        uint256 all = companyCount();
        if (yes * 3 <= 2 * all) revert NotEnoughVotes(yes, all);
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
            uint32(no)
        );
    }

    /// @notice A page of the proposals, newest first.
    function proposals(uint256 offset, uint256 limit) external view returns (ProposalView[] memory page) {
        page = new ProposalView[](_pageLength(_proposals.length, offset, limit));
        for (uint256 index = 0; index < page.length; index++) page[index] = proposal(_proposals.length - offset - index);
    }

    // --- observers -----------------------------------------------------------------------------

    /// @notice Admits a device or an edge node by a certificate that its company signed; anyone may send it. A later
    /// certificate of the
    /// same company renews; to another company's an observer changes only by its own transaction, so no company can claim a
    /// stranger.
    function registerObserver(Certificate calldata certificate, bytes calldata signature) external {
        if (certificate.role == 0 || certificate.role > uint8(type(Role).max)) revert UnknownRole(certificate.role);
        if (!isCompany(certificate.company)) revert NotACompany(certificate.company);
        if (certificate.observer == address(0)) revert InvalidAccount(certificate.observer);
        if (isSealer(certificate.observer)) revert ObserverIsSealer(certificate.observer);
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
    }

    function _checkName(uint256 length) private pure {
        if (length == 0 || length > NAME_BYTES_MAX) revert InvalidName(length, NAME_BYTES_MAX);
    }

    /// @dev Whether a change is possible with the sealers of this moment: asked when it is proposed and again when it is
    /// carried out.
    function _checkChange(Kind kind, address account) private view {
        if (kind == Kind.RemoveCompany) {
            if (!isCompany(account)) revert NotACompany(account);
            if (_sealers.length <= SEALERS_MIN) revert TooFewSealers(_sealers.length - 1, SEALERS_MIN);
            return;
        }
        if (account == address(0)) revert InvalidAccount(account);
        if (isSealer(account)) revert AlreadySealer(account);
        if (kind == Kind.AddCompany && _sealers.length >= SEALERS_MAX) revert TooManySealers(_sealers.length + 1, SEALERS_MAX);
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
        uint256 all = companyCount();
        emit Voted(id, msg.sender, approve, yes, no, all);
        if (yes * 3 > 2 * all) {
            _execute(id, proposed);
        } else if ((all - no) * 3 <= 2 * all) {
            proposed.state = State.Rejected;
            emit Rejected(id);
        }
    }

    function _count(uint256 id, Proposal storage proposed) private view returns (uint256 yes, uint256 no) {
        for (uint256 index = 0; index < proposed.voters.length; index++) {
            address voter = proposed.voters[index];
            Vote memory cast = _votes[id][voter];
            if (_companies[voter].term != cast.term) continue;
            if (cast.approve) yes++;
            else no++;
        }
    }

    function _execute(uint256 id, Proposal storage proposed) private {
        (Kind kind, address account) = (proposed.kind, proposed.account);
        _checkChange(kind, account);
        proposed.state = State.Executed;
        emit Executed(id);
        if (kind == Kind.AddCompany) {
            _addCompany(account, proposed.name);
        } else if (kind == Kind.RemoveCompany) {
            delete _companies[account];
            _deleteSealer(account);
            emit CompanyRemoved(account);
        } else {
            address previous = proxy;
            _deleteSealer(previous);
            proxy = account;
            _insertSealer(account);
            emit ProxyReplaced(previous, account);
        }
        emit SealersChanged(_sealers);
    }

    function _addCompany(address account, string memory name) private {
        if (account == address(0)) revert InvalidAccount(account);
        if (isSealer(account)) revert AlreadySealer(account);
        _checkName(bytes(name).length);
        _companies[account] = Company(uint64(block.timestamp), ++_terms, name);
        _insertSealer(account);
        emit CompanyAdded(account, name);
    }

    function _insertSealer(address account) private {
        _sealers.push(account);
        uint256 index = _sealers.length - 1;
        for (; index > 0 && _sealers[index - 1] > account; index--) _sealers[index] = _sealers[index - 1];
        _sealers[index] = account;
    }

    function _deleteSealer(address account) private {
        uint256 index = 0;
        while (_sealers[index] != account) index++;
        for (; index + 1 < _sealers.length; index++) _sealers[index] = _sealers[index + 1];
        _sealers.pop();
    }

    function _pageLength(uint256 total, uint256 offset, uint256 limit) private pure returns (uint256) {
        if (limit > PAGE_MAX) limit = PAGE_MAX;
        if (offset >= total) return 0;
        return total - offset < limit ? total - offset : limit;
    }
}
